package cli

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// asMain makes the test binary be the program, so that tests see real processes and real exit codes.
const asMain = "CLI_TEST_AS_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		os.Exit(Main(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// program is the real program, not started yet.
func program(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(append(clean(os.Environ()), asMain+"=1"), env...)
	cmd.Dir = t.TempDir()
	return cmd
}

// clean drops the variables that would configure the program from outside.
func clean(env []string) []string {
	var kept []string
	for _, v := range env {
		if !strings.HasPrefix(v, "QUEUEPILOT_") && !strings.HasPrefix(v, "REDIS_URL=") && !strings.HasPrefix(v, "WORKER_INDEX=") {
			kept = append(kept, v)
		}
	}
	return kept
}

// here runs a command inside this process.
func here(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, err bytes.Buffer
	code = run(ctx, args, streams{strings.NewReader(stdin), &out, &err})
	return code, out.String(), err.String()
}

func TestExitCodesAndFixes(t *testing.T) {
	taken := takenAddr(t)
	for name, c := range map[string]struct {
		env  []string
		args string
		code int
		says string
	}{
		"version":              {nil, "version", 0, ""},
		"help":                 {nil, "--help", 0, ""},
		"help as a word":       {nil, "help submit", 0, ""},
		"version as a flag":    {nil, "--version", 0, ""},
		"unknown flag":         {nil, "--adr x", 2, "did you mean"},
		"unknown command":      {nil, "sreve", 2, "sreve"},
		"not a number":         {nil, "--concurrency many", 2, "--concurrency"},
		"not a number in env":  {[]string{"QUEUEPILOT_CONCURRENCY=many"}, "serve", 2, "QUEUEPILOT_CONCURRENCY"},
		"negative slots":       {nil, "--concurrency=-1", 2, "--concurrency is -1"},
		"address":              {nil, "--addr 8080", 2, "host:port"},
		"port":                 {nil, "--addr 127.0.0.1:http", 2, "host:port"},
		"no unit":              {nil, "--worker-timeout 5", 2, "such as 5s"},
		"no number":            {nil, "--concurrency x", 2, "a whole number"},
		"heartbeat":            {nil, "--heartbeat-interval 3s", 2, "Pass --worker-timeout 15s"},
		"fast heartbeat":       {nil, "--heartbeat-interval 1ms", 2, "at least 50ms"},
		"heartbeat unit":       {nil, "--heartbeat-interval 1", 2, "--heartbeat-interval"},
		"shutdown":             {nil, "--shutdown-timeout 0s", 2, "--shutdown-timeout"},
		"queues":               {nil, "--queues a,,b", 2, "--queues"},
		"weight":               {nil, "--queues a=0", 2, "1 to 1000"},
		"queue twice":          {nil, "--queues a,a=2", 2, "twice"},
		"worker name":          {nil, "--worker-name bad/name", 2, "--worker-name"},
		"worker index":         {[]string{"WORKER_INDEX=-1"}, "", 2, "--worker-index"},
		"log format":           {nil, "--log-format xml", 2, "text or json"},
		"log level":            {nil, "--log-level loud", 2, "debug, info"},
		"store":                {nil, "--store disk", 2, "redis-server or memory"},
		"replicas":             {nil, "--redis-url redis://127.0.0.1:1 --wait-replicas 11", 2, "0 to 10 replicas"},
		"replicas, no redis":   {nil, "--wait-replicas 1", 2, "pass --redis-url"},
		"two stores":           {[]string{"REDIS_URL=redis://localhost"}, "--store memory", 2, "leave out --store"},
		"environment":          {nil, "--environment the-system-that-all-of-us-use", 2, "at most 24 characters"},
		"environment, blank":   {[]string{"QUEUEPILOT_ENVIRONMENT= "}, "", 2, "--environment"},
		"origin":               {nil, "--cors-origins example.com", 2, "https://example.com"},
		"every origin":         {nil, "--cors-origins *", 2, "--cors-origins"},
		"redis address":        {nil, "worker --redis-url http://x:secret@y", 2, "--redis-url: "},
		"store of a role":      {nil, "worker --store memory", 2, "Leave out --store"},
		"store of a role, env": {[]string{"QUEUEPILOT_STORE=auto"}, "web --redis-url redis://127.0.0.1:1", 2, "QUEUEPILOT_STORE"},
		"no redis: web":        {nil, "web", 1, "--redis-url"},
		"no redis: scheduler":  {nil, "scheduler", 1, "--redis-url"},
		"no redis: monitor":    {nil, "monitor", 1, "--redis-url"},
		"no redis: worker":     {nil, "worker", 1, "--redis-url"},
		"port taken":           {nil, "--addr " + taken, 1, "address " + taken + " is in use: stop the other program or pass --addr 127.0.0.1:"},
		"no such address":      {nil, "--addr 192.0.2.1:1", 1, "--addr"},
		"no server":            {nil, "status --server http://127.0.0.1:1", 1, "queuepilot serve"},
		"bad server":           {nil, "status --server localhost", 2, "http://127.0.0.1:8080"},
		"bad server in env":    {[]string{"QUEUEPILOT_SERVER=x"}, "task T1", 2, "--server"},
		"no id":                {nil, "task", 2, "<id>"},
		"payload no JSON":      {nil, "submit hello", 2, `'"hello"'`},
		"two payloads":         {nil, "submit 1 --payload 2", 2, "twice"},
		"flags with -":         {nil, "submit - --type sleep", 2, "lines"},
		"priority":             {nil, "submit --priority high", 2, "--priority"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := program(t, c.env, strings.Fields(c.args)...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			_ = cmd.Run() // its exit code tells
			if code := cmd.ProcessState.ExitCode(); code != c.code || !strings.Contains(stderr.String(), c.says) {
				t.Errorf("queuepilot %s: exit %d, %q; want %d and %q", c.args, code, stderr.String(), c.code, c.says)
			}
			if strings.Contains(stderr.String(), "secret") {
				t.Errorf("the password is told: %s", stderr.String())
			}
		})
	}
}

func TestVersionAsTextAndJSON(t *testing.T) {
	if code, out, _ := here(t, "", "version"); code != 0 || !strings.HasPrefix(out, "queuepilot ") {
		t.Errorf("got %d %q", code, out)
	}
	if code, out, _ := here(t, "", "version", "--json"); code != 0 || !strings.Contains(out, `"version":`) {
		t.Errorf("got %d %q", code, out)
	}
}
