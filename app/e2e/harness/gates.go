package harness

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Gates is a folder that a test shares with its test workers: files that let their handlers end, and a log of what
// they executed, which no fault of Redis can touch.
type Gates string

// NewGates returns an empty folder.
func NewGates(t testing.TB) Gates { return Gates(t.TempDir()) }

// executionLog is the file that every handler appends to.
const executionLog = "executions"

// Execution is one line of the log: a handler that began or ended.
type Execution struct {
	What    string // "start", "end" or "cancelled"
	Task    string
	Attempt string
	Worker  string
}

// Open lets the handlers that wait for gate name end.
func (g Gates) Open(t testing.TB, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(string(g), name), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Executions returns the log so far, in the order in which it was written.
func (g Gates) Executions(t testing.TB) []Execution {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(string(g), executionLog))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var all []Execution
	for lines := bufio.NewScanner(strings.NewReader(string(text))); lines.Scan(); {
		if f := strings.Fields(lines.Text()); len(f) == 4 {
			all = append(all, Execution{f[0], f[1], f[2], f[3]})
		}
	}
	return all
}

// Count returns how often the log says what of a task.
func (g Gates) Count(t testing.TB, what, task string) int {
	t.Helper()
	n := 0
	for _, e := range g.Executions(t) {
		if e.What == what && e.Task == task {
			n++
		}
	}
	return n
}

// Starts returns how many executions have begun.
func (g Gates) Starts(t testing.TB) int {
	t.Helper()
	n := 0
	for _, e := range g.Executions(t) {
		if e.What == "start" {
			n++
		}
	}
	return n
}
