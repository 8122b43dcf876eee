package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/redisdb/child"
)

const suite = "./app/e2e/chaos"

// outcome is what a run of tests says. It ends with the first failure.
type outcome struct {
	passed []string // tests without the parts of tests
	failed string   // the first that failed, with its part
	first  string   // line of its failure
	broken string   // why the run says nothing
}

// test runs the quick cut's tests whose names match, without the race detector, until the first one fails. No process
// of theirs is left when it returns.
func (t tree) test(ctx context.Context, run string, limit time.Duration) (outcome, error) {
	reading := &reader{failed: make(chan struct{}), lines: map[string][]string{}}
	cmd := exec.Command("go", "test", suite, "-run", run, "-count=1", "-json", "-timeout", limit.String(),
		"-args", "-rapid.nofailfile", "-rapid.shrinktime", "1s") // one mutant's find is nothing for the next one
	cmd.Dir, cmd.Stdout, cmd.Stderr = t.dir, reading, reading
	cmd.Env = append(os.Environ(), "TMPDIR="+t.temp)
	cmd.WaitDelay = time.Second // what still holds the output then is an orphan
	proc, err := child.Start(cmd)
	if err != nil {
		return outcome{}, err
	}
	failed := reading.failed
	if !endsEarly {
		failed = nil // never
	}
	select {
	case <-proc.Done():
	case <-failed:
	case <-ctx.Done():
	case <-time.After(limit + time.Minute): // it could not end itself
	}
	_ = syscall.Kill(-proc.PID(), syscall.SIGKILL) // the group of go test and the test; an error means that it is gone
	<-proc.Done()
	return reading.outcome(proc.Wait()), errors.Join(ctx.Err(), endOrphans(), t.clear())
}

// clear removes what the tests wrote.
func (t tree) clear() error {
	return errors.Join(os.RemoveAll(t.temp), os.MkdirAll(t.temp, 0o750))
}

// event is a line of go test -json.
type event struct{ Action, Test, Output, FailedBuild string }

// reader understands the output of go test while it comes in.
type reader struct {
	rest   []byte
	lines  map[string][]string // by test
	failed chan struct{}       // closed at the first failure of a test
	out    outcome
	other  []string // lines that are no test's
}

// Write reads events. It never fails.
func (r *reader) Write(text []byte) (int, error) {
	r.rest = append(r.rest, text...)
	for {
		line, rest, whole := bytes.Cut(r.rest, []byte("\n"))
		if !whole {
			return len(text), nil
		}
		r.rest = rest
		var e event
		if json.Unmarshal(line, &e) != nil {
			e = event{Output: string(line)}
		}
		r.read(e)
	}
}

func (r *reader) read(e event) {
	top := !strings.Contains(e.Test, "/")
	switch {
	case r.out.failed != "": // what comes behind the first failure comes of the end
	case e.FailedBuild != "":
		r.out.broken = "it does not compile"
	case e.Output != "" && e.Test == "":
		r.other = append(r.other, strings.TrimSpace(e.Output))
	case e.Output != "":
		r.lines[e.Test] = append(r.lines[e.Test], strings.TrimRight(e.Output, "\n"))
		if reason := unusable.FindString(e.Output); reason != "" {
			r.out.broken = "it is no mutant but nonsense: " + reason
		}
	case e.Test != "" && e.Action == "pass" && top:
		r.out.passed = append(r.out.passed, e.Test)
	case e.Test != "" && e.Action == "fail":
		r.out.failed, r.out.first = e.Test, firstLine(r.lines[e.Test])
		close(r.failed)
	}
}

// unusable is what only a mutant says that does not compile, be it Go or Lua, or whose Lua stumbles.
var unusable = regexp.MustCompile(`build \./app[^:]*: exit status 1|Error compiling script|nonexistent global variable|` +
	`attempt to (?:call|index|compare|concatenate|perform)[^"]{0,60}|bad argument #[^"]{0,60}`)

// logged is a line that a test logs although all is well.
var logged = regexp.MustCompile(`: row \d+, seed|to draw the same again|_test\.go:\d+: [a-z_]+: [0-9.e+]+$|^=== |^\s*--- `)

// firstLine is the first line of a failure among what a test printed, and of that no more than fits a table.
func firstLine(lines []string) string {
	for _, line := range lines {
		if text := strings.TrimSpace(line); strings.Contains(text, ".go:") && !logged.MatchString(line) {
			return text[:min(len(text), 200)]
		}
	}
	text := strings.TrimSpace(strings.Join(lines, " "))
	return text[:min(len(text), 200)]
}

// outcome is what was read, once the run has ended by err.
func (r *reader) outcome(err error) outcome {
	if r.out.failed == "" && r.out.broken == "" && err != nil {
		r.out.broken = fmt.Sprintf("no test failed, and yet: %v: %s", err, strings.Join(r.other[max(len(r.other)-10, 0):], "; "))
	}
	return r.out
}
