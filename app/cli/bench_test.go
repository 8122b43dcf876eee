package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/bench"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

func TestTheBenchPrintsJSONOfItsReportAndTellsWhatItDoesBeside(t *testing.T) {
	cmd := program(t, nil, "bench", "--quick", "--json", "--tasks", "1000", "--only", "memory,sockets")
	var progress strings.Builder
	cmd.Stderr = &progress
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	var report bench.Report
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	groups := map[string]bool{}
	for _, f := range report.Figures {
		groups[f.Group] = true
	}
	if len(groups) != 3 || !groups["floor"] || !groups["memory"] || !groups["sockets"] {
		t.Errorf("the report has the groups %v; want floor, memory and sockets", groups)
	}
	if s := report.Settings; s.Version != Version() || !s.Redis.Own || s.Redis.AppendFsync != "everysec" || s.Tasks != 1000 || s.Rounds != 1 {
		t.Errorf("the report's settings are %+v", s)
	}
	if !strings.Contains(progress.String(), "round 1 of 1: sockets") {
		t.Errorf("standard error says\n%s", progress.String())
	}
}

func TestTheBenchPrintsATable(t *testing.T) {
	code, out, stderr := here(t, "", "bench", "--quick", "--tasks", "1000", "--only", "memory")
	if code != exitDone || !strings.Contains(out, "bytes/task") || !strings.Contains(out, "appendfsync everysec") {
		t.Errorf("exit code %d, output\n%s\n%s", code, out, stderr)
	}
}

func TestTheBenchRefusesWhatItCannotMeasure(t *testing.T) {
	url := redistest.Server(t)
	if err := redistest.Open(t, url).Set(t.Context(), "precious", "data", 0).Err(); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--redis-url", url}, exitFailed, "holds 1 keys"},
		{[]string{"--only", "drian"}, exitUsage, `--only names "drian"; wanted: one or more of submit,drain`},
		{[]string{"--rounds=-1"}, exitUsage, "--rounds is -1"},
		{[]string{"--tasks", "7"}, exitUsage, "--tasks is 7"},
	} {
		code, _, stderr := here(t, "", append([]string{"bench"}, tc.args...)...)
		if code != tc.code || !strings.Contains(stderr, tc.says) {
			t.Errorf("bench %v: exit code %d, %s; want %d and %q", tc.args, code, stderr, tc.code, tc.says)
		}
	}
}
