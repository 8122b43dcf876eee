package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
)

// TestNoMutantIsStale: each changes a text that is there once, has a name of its own, and is expected by tests that exist.
func TestNoMutantIsStale(t *testing.T) {
	root, err := harness.Root()
	if err != nil {
		t.Fatal(err)
	}
	tests, names := testsOf(t, filepath.Join(root, suite)), map[string]bool{}
	for _, m := range all() {
		if names[m.name] {
			t.Errorf("two mutants are called %s", m.name)
		}
		names[m.name] = true
		if _, err := m.mutated(root); err != nil {
			t.Error(err)
		}
		for _, row := range m.rows {
			if !strings.Contains(tests, "\nfunc Test"+row) {
				t.Errorf("mutant %s: no test of the suite begins with Test%s", m.name, row)
			}
		}
	}
}

// testsOf is the text of all tests in a folder.
func testsOf(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// TestAnOutputIsUnderstood: the first failure counts, with its first line that is no figure; and nonsense is none.
func TestAnOutputIsUnderstood(t *testing.T) {
	for _, tc := range []struct {
		name, output string
		want         outcome
	}{
		{
			"all pass", `{"Action":"pass","Test":"TestRow01"}
{"Action":"pass","Test":"TestRow02/seed=1"}
{"Action":"pass"}
`, outcome{passed: []string{"TestRow01"}},
		},
		{
			"one fails", `{"Action":"output","Test":"TestRow01/seed=1","Output":"    row_test.go:29: row 1, seed 1: go test\n"}
{"Action":"output","Test":"TestRow01/seed=1","Output":"    workers_test.go:22: kills: 3\n"}
{"Action":"output","Test":"TestRow01/seed=1","Output":"    verify_test.go:60: task T1 was lost\n"}
{"Action":"fail","Test":"TestRow01/seed=1"}
{"Action":"fail","Test":"TestRow01"}
`, outcome{failed: "TestRow01/seed=1", first: "verify_test.go:60: task T1 was lost"},
		},
		{
			"Go that does not compile", `{"ImportPath":"p","Action":"build-fail"}
{"Action":"fail","FailedBuild":"p"}
`, outcome{broken: "it does not compile"},
		},
		{
			"Lua that does not compile", `{"Action":"output","Test":"TestRow01","Output":"ERR Error compiling script (new function)"}
{"Action":"fail","Test":"TestRow01"}
`, outcome{failed: "TestRow01", first: "ERR Error compiling script (new function)", broken: "it is no mutant but nonsense: Error compiling script"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := &reader{failed: make(chan struct{}), lines: map[string][]string{}}
			_, _ = r.Write([]byte(tc.output[:len(tc.output)/2])) // it never fails
			_, _ = r.Write([]byte(tc.output[len(tc.output)/2:]))
			if diff := cmp.Diff(tc.want, r.outcome(nil), cmp.AllowUnexported(outcome{})); diff != "" {
				t.Errorf("the outcome (-want +got):\n%s", diff)
			}
		})
	}
}
