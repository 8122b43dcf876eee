package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

// asCrowd makes the test binary be the crowd of viewers.
const asCrowd = "BENCH_TEST_AS_CROWD"

func TestMain(m *testing.M) {
	if os.Getenv(asCrowd) != "" {
		if err := RunCrowd(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if err := os.Setenv(asCrowd, "1"); err != nil { // for the processes that the tests start
		panic(err)
	}
	os.Exit(m.Run())
}

// tiny is a quick run that is over in some seconds, on a machine that runs other tests too.
func tiny(url string, only ...string) Config {
	return Config{RedisURL: url, Quick: true, Tasks: leastTasks, Only: only, Version: "v-test", Crowd: []string{os.Args[0]}}
}

func TestAQuickRunGivesEveryFigure(t *testing.T) {
	report, err := Run(t.Context(), tiny(""))
	must(t, err)
	groupsSeen := map[string]bool{}
	for _, f := range report.Figures {
		groupsSeen[f.Group] = true
		if f.Median <= 0 || f.Min <= 0 || f.Min > f.Median || f.Median > f.Max || len(f.Rounds) != 1 || f.Unit == "" {
			t.Errorf("%s, %s: %+v; want figures above 0, in order, one a round", f.Group, f.Name, f)
		}
		if (f.Beside == "") != (f.Ratio == 0) {
			t.Errorf("%s, %s: ratio %v beside %q", f.Group, f.Name, f.Ratio, f.Beside)
		}
	}
	for _, name := range append(Groups(), floorGroup) {
		if !groupsSeen[name] {
			t.Errorf("the run has no figure of %s", name)
		}
	}
	if len(report.Notes) > 0 {
		t.Errorf("notes of a run that had all it needed: %q", report.Notes)
	}
	expectJSON(t, report)
	expectTable(t, report)
}

// expectJSON checks that the JSON form has what the struct documents, and nothing else.
func expectJSON(t *testing.T, report *Report) {
	t.Helper()
	text, err := json.Marshal(report)
	must(t, err)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var back Report
	must(t, decoder.Decode(&back))
	if !reflect.DeepEqual(&back, report) {
		t.Errorf("the report came back from JSON as\n%+v\nwant\n%+v", &back, report)
	}
}

// expectTable checks that the table names the settings, and each figure with its unit.
func expectTable(t *testing.T, report *Report) {
	t.Helper()
	var out strings.Builder
	must(t, report.Print(&out))
	table := out.String()
	for _, want := range []string{
		"QueuePilot v-test", "GOMAXPROCS", "CPUs", "Redis " + report.Settings.Redis.Version, "appendonly yes",
		"appendfsync everysec", "save never", "maxmemory-policy noeviction", "payload 128 bytes",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("the table does not say %q:\n%s", want, table)
		}
	}
	lines := strings.Split(table, "\n")
	for _, f := range report.Figures {
		if !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, f.Name) && strings.Contains(l, f.Unit) }) {
			t.Errorf("the table lacks %s in %s:\n%s", f.Name, f.Unit, table)
		}
	}
}

func TestTheRoundsAreMeasuredOnARedisOfTheUsersAndLeftEmpty(t *testing.T) {
	server := redistest.New(t, "--appendfsync", "always", "--save", "900 1")
	cfg := tiny(server.URL(), "pickup", "memory")
	cfg.Rounds = 2
	report, err := Run(t.Context(), cfg)
	must(t, err)
	for _, f := range report.Figures {
		if len(f.Rounds) != 2 || !slices.Contains([]string{floorGroup, "pickup", "memory"}, f.Group) {
			t.Errorf("%s, %s: %v; want two rounds of what was asked for", f.Group, f.Name, f.Rounds)
		}
	}
	if got := report.Settings.Redis; got.Own || got.AppendFsync != "always" || got.Save != "900 1" || got.URL != server.URL() {
		t.Errorf("the report says of this Redis %+v; want appendfsync always, save 900 1", got)
	}
	if n := redistest.Open(t, server.URL()).DBSize(t.Context()).Val(); n != 0 {
		t.Errorf("%d keys are left", n)
	}
}

func TestADatabaseWithDataIsRefusedAndLeftAsItIs(t *testing.T) {
	url := redistest.Server(t)
	rdb := redistest.Open(t, url)
	must(t, rdb.Set(t.Context(), "precious", "data", 0).Err())
	_, err := Run(t.Context(), tiny(url))
	if err == nil || !strings.Contains(err.Error(), "holds 1 keys") || !strings.Contains(err.Error(), "--redis-url") {
		t.Errorf("Run on a database with data: %v; want a refusal that says the fix", err)
	}
	if got := rdb.Get(t.Context(), "precious").Val(); got != "data" {
		t.Errorf("precious is now %q", got)
	}
}

func TestWhatOthersWriteMeanwhileIsNotDeleted(t *testing.T) {
	b := newTestBed(t)
	rdb := b.client.Redis()
	must(t, b.ours.Submit(t.Context(), 10, 1, 10))
	must(t, rdb.Set(t.Context(), "precious", "data", 0).Err())
	if err := b.clean(t.Context()); err == nil || !strings.Contains(err.Error(), `"precious"`) {
		t.Errorf("clean with a key of another's: %v; want an error that names it", err)
	}
	must(t, rdb.Del(t.Context(), "precious").Err())
	must(t, b.clean(t.Context()))
	if n := rdb.DBSize(t.Context()).Val(); n != 0 {
		t.Errorf("%d keys are left by clean", n)
	}
}

func TestAClusterIsRefused(t *testing.T) {
	if _, err := Run(t.Context(), tiny(redistest.NewCluster(t).URL())); err == nil || !strings.Contains(err.Error(), "Cluster") {
		t.Errorf("Run on a Cluster: %v; want a refusal", err)
	}
}

func TestSettingsThatCannotWorkAreRefused(t *testing.T) {
	for _, tc := range []struct {
		cfg  Config
		says string
	}{
		{Config{Rounds: -1}, "rounds is -1"},
		{Config{Rounds: 101}, "1 to 100"},
		{Config{Tasks: 10}, "tasks is 10"},
		{Config{Tasks: 1e9}, "10000000"},
		{Config{Only: []string{"submit", "drian"}}, `"drian"; wanted: one or more of submit,drain`},
	} {
		if _, err := Run(t.Context(), tc.cfg); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("Run(%+v) = %v; want %q", tc.cfg, err, tc.says)
		}
	}
}
