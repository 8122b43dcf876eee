package harness

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/redisdb/child"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

// Patience is how long a wait for a condition goes on: far beyond what it should take, on a machine that is busy with
// other tests too.
const Patience = 60 * time.Second

// Process is a program that a test started. It is gone when the test ends, and its log is shown where that failed.
type Process struct {
	Name string
	t    testing.TB
	proc *child.Process
	log  *Log

	mayCrash bool
}

// Start starts queuepilot with args, logging in JSON.
func Start(t testing.TB, name string, args ...string) *Process {
	t.Helper()
	return start(t, name, nil, Binary(t), append(args, "--log-format", "json")...)
}

func start(t testing.TB, name string, env []string, binary string, args ...string) *Process {
	t.Helper()
	p := &Process{Name: name, t: t, log: &Log{}}
	cmd := exec.Command(binary, args...) // #nosec G204: a program of ours
	cmd.Env, cmd.Dir = append(cleanEnv(), env...), t.TempDir()
	cmd.Stdout, cmd.Stderr = p.log, p.log
	proc, err := child.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	p.proc = proc
	t.Cleanup(p.end)
	return p
}

// cleanEnv is the environment without what would set a flag of queuepilot.
func cleanEnv() []string {
	var env []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "QUEUEPILOT_") && name != "REDIS_URL" && name != "WORKER_INDEX" {
			env = append(env, entry)
		}
	}
	return env
}

// URL waits until the process says where its dashboard is, and returns that.
func (p *Process) URL() string {
	p.t.Helper()
	var url string
	Until(p.t, p.Name+" listens", func() error {
		for _, line := range p.log.Lines() {
			if line.Message == "listening" {
				url, _ = line.Attributes["url"].(string)
				return nil
			}
		}
		return p.stillRuns()
	})
	return url
}

// WorkerID waits until the process says that its worker is ready, and returns the id that it has now: a worker that was
// declared lost takes a new one.
func (p *Process) WorkerID() string {
	p.t.Helper()
	var id string
	Until(p.t, p.Name+" has a ready worker", func() error {
		for _, line := range p.log.Lines() {
			if line.Message == "worker ready" {
				id, _ = line.Attributes["worker"].(string)
			}
		}
		if id != "" {
			return nil
		}
		return p.stillRuns()
	})
	return id
}

// MayCrash says that the process is to end by a panic or by an error of the Go runtime.
func (p *Process) MayCrash() { p.mayCrash = true }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.proc.Done() }

// PID is the process's id.
func (p *Process) PID() int { return p.proc.PID() }

// Memory is what the process has resident, in bytes.
func (p *Process) Memory() int64 {
	p.t.Helper()
	var text string
	if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID())); err == nil {
		_, text, _ = strings.Cut(string(status), "VmRSS:")
	} else if out, err := exec.Command("ps", "-o", "rss=", "-p", strconv.Itoa(p.PID())).Output(); err == nil { // #nosec G204: a process of ours
		text = string(out)
	}
	var kilobytes int64
	if _, err := fmt.Sscan(text, &kilobytes); err != nil {
		p.t.Fatalf("the memory of process %d is not known: %v", p.PID(), err)
	}
	return kilobytes << 10
}

// errDied ends a wait early: what is waited for cannot come any more.
var errDied = errors.New("the process has ended")

func (p *Process) stillRuns() error {
	select {
	case <-p.proc.Done():
		return errDied
	default:
		return errors.New("not yet")
	}
}

// Kill ends the process as a crash would: SIGKILL.
func (p *Process) Kill() { p.proc.Kill() }

// Freeze stops the process in its tracks, and Thaw lets it go on, unaware.
func (p *Process) Freeze() { p.Signal(syscall.SIGSTOP) }

// Thaw ends a Freeze.
func (p *Process) Thaw() { p.Signal(syscall.SIGCONT) }

// Signal sends sig.
func (p *Process) Signal(sig os.Signal) {
	p.t.Helper()
	if err := p.proc.Signal(sig); err != nil {
		p.t.Fatalf("send %v to %s: %v", sig, p.Name, err)
	}
}

// Wait waits until the process ends, and returns its exit code; -1 where a signal ended it.
func (p *Process) Wait() int {
	p.t.Helper()
	select {
	case <-p.proc.Done():
	case <-time.After(Patience):
		p.t.Fatalf("%s still runs after %v", p.Name, Patience)
	}
	var exit *exec.ExitError
	if err := p.proc.Wait(); errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 0
}

// Stop sends SIGTERM and returns the exit code.
func (p *Process) Stop() int {
	p.t.Helper()
	p.Signal(syscall.SIGTERM)
	return p.Wait()
}

// Log returns what the process has printed so far.
func (p *Process) Log() *Log { return p.log }

// alarms are what no process may print; a race in none, the others where it MayCrash.
var alarms = []string{"WARNING: DATA RACE", "panic: ", "fatal error: "}

func (p *Process) end() {
	_ = p.proc.Signal(syscall.SIGCONT) // it may be frozen; an error means that it is gone
	grace := Patience / 2
	if p.t.Failed() {
		grace = 0 // handlers may wait for gates that nobody opens any more
	}
	p.proc.Stop(grace)
	text := p.log.String()
	for _, alarm := range alarms {
		if strings.Contains(text, alarm) && (!p.mayCrash || alarm == alarms[0]) {
			p.t.Errorf("%s printed %q", p.Name, alarm)
		}
	}
	if p.t.Failed() {
		p.t.Logf("log of %s:\n%s", p.Name, text)
	}
}

// Log collects what a process prints.
type Log struct{ redistest.Log }

// Line is one line of a JSON log.
type Line struct {
	Level, Message string
	Attributes     map[string]any
}

// Count returns how often text was printed.
func (l *Log) Count(text string) int { return strings.Count(l.String(), text) }

// Lines returns the lines that are JSON.
func (l *Log) Lines() []Line {
	var lines []Line
	scanner := bufio.NewScanner(strings.NewReader(l.String()))
	for scanner.Scan() {
		var attributes map[string]any
		if json.Unmarshal(scanner.Bytes(), &attributes) != nil {
			continue
		}
		level, _ := attributes["level"].(string)
		message, _ := attributes["msg"].(string)
		lines = append(lines, Line{level, message, attributes})
	}
	return lines
}

// Until polls ok until it returns nil, and fails the test with its last error where that takes longer than Patience.
func Until(t testing.TB, what string, ok func() error) {
	t.Helper()
	UntilWithin(t, Patience, what, ok)
}

// UntilWithin is Until with another patience.
func UntilWithin(t testing.TB, patience time.Duration, what string, ok func() error) {
	t.Helper()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	deadline := time.Now().Add(patience)
	for {
		err := ok()
		switch {
		case err == nil:
			return
		case errors.Is(err, errDied):
			t.Fatalf("waiting until %s: %v", what, err)
		case time.Now().After(deadline):
			t.Fatalf("waiting until %s: after %v still: %v", what, patience, err)
		}
		<-poll.C
	}
}
