package cli

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
)

// parse reads a serve command line under env, and nothing of this process's own variables.
func parse(t *testing.T, env map[string]string, args ...string) Config {
	t.Helper()
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, "QUEUEPILOT_") || name == "REDIS_URL" || name == "WORKER_INDEX" {
			t.Setenv(name, "") // restores it after the test
			_ = os.Unsetenv(name)
		}
	}
	for name, value := range env {
		t.Setenv(name, value)
	}
	parser, err := newParser(t.Context(), streams{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(args); err != nil {
		t.Fatal(err)
	}
	return parser.Model.Target.Interface().(commands).Serve.Config
}

func TestDefaultConfigIsWhatFlagsDefaultTo(t *testing.T) {
	if diff := cmp.Diff(DefaultConfig(), parse(t, nil)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if err := DefaultConfig().check(); err != nil {
		t.Error(err)
	}
}

func TestFlagsAndVariablesAreRead(t *testing.T) {
	env := map[string]string{
		"QUEUEPILOT_ADDR": "127.0.0.1:1", "QUEUEPILOT_CONCURRENCY": "7", "REDIS_URL": "redis://plain",
		"QUEUEPILOT_CORS_ORIGINS": "https://a.example,https://b.example", "WORKER_INDEX": "3",
		"QUEUEPILOT_WORKER_TIMEOUT": "9s", "QUEUEPILOT_WAIT_REPLICAS": "2",
		"QUEUEPILOT_ENVIRONMENT": "staging",
	}
	got := parse(t, env, "--addr", "127.0.0.1:2", "--queues", "default,critical=5")
	want := DefaultConfig()
	want.Addr, want.Concurrency, want.RedisURL, want.WorkerTimeout = "127.0.0.1:2", 7, "redis://plain", 9*time.Second
	want.CORSOrigins, want.WorkerIndex = []string{"https://a.example", "https://b.example"}, new(3)
	want.Queues, want.WaitReplicas, want.Environment = "default,critical=5", 2, "staging"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got.workerName() != "Worker-3" || got.slots() != 7 {
		t.Errorf("name %q, slots %d; want Worker-3, 7", got.workerName(), got.slots())
	}
	env["QUEUEPILOT_REDIS_URL"] = "redis://own"
	if got := parse(t, env); got.RedisURL != "redis://own" {
		t.Errorf("redis is %q; want the program's own variable to win", got.RedisURL)
	}
}

func TestEveryFlagHasItsVariableAndAReason(t *testing.T) {
	parser, err := newParser(t.Context(), streams{})
	if err != nil {
		t.Fatal(err)
	}
	err = kong.Visit(parser.Model, func(node kong.Visitable, next kong.Next) error {
		flag, ok := node.(*kong.Flag)
		if ok && flag.Name != "help" {
			want := "QUEUEPILOT_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
			if len(flag.Envs) == 0 || flag.Envs[0] != want {
				t.Errorf("--%s has variables %v; want %s", flag.Name, flag.Envs, want)
			}
			if len(flag.Help) < 10 {
				t.Errorf("--%s says nothing of itself: %q", flag.Name, flag.Help)
			}
		}
		return next(nil)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestParseQueues(t *testing.T) {
	for text, want := range map[string]map[string]int{
		"*": {"*": 1}, "default, critical=5": {"default": 1, "critical": 5}, "*,mail=1000": {"*": 1, "mail": 1000},
	} {
		got, err := parseQueues(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v, -want +got\n%s", text, err, diff)
		}
	}
	for _, text := range []string{"", ",", "a=", "a=x", "a=1001", "a b", "a=1,a"} {
		if got, err := parseQueues(text); err == nil {
			t.Errorf("%q gave %v; want an error", text, got)
		}
	}
}

func TestPrintableEscapesWhatWouldSteerATerminal(t *testing.T) {
	for in, want := range map[string]string{
		"plain ü": "plain ü", "\x1b[31mred": `\u001b[31mred`, "a\rb": `a\u000db`, "\u202edaol": `\u202edaol`,
	} {
		if got := printable(in); got != want {
			t.Errorf("printable(%q) = %q; want %q", in, got, want)
		}
	}
	if got := cell("a\nb"); got != `a\nb` {
		t.Errorf("cell is %q; want one line", got)
	}
}
