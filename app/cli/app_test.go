package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

func takenAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln.Addr().String()
}

// startApp runs the whole program inside this process until stop or the test's end.
func startApp(t *testing.T, cfg Config, roles Roles) (app *App, stop func()) {
	t.Helper()
	return startLogged(t, cfg, roles, slog.New(slog.DiscardHandler))
}

func startLogged(t *testing.T, cfg Config, roles Roles, log *slog.Logger) (app *App, stop func()) {
	t.Helper()
	cfg.Addr = "127.0.0.1:0"
	app, err := Open(t.Context(), cfg, roles, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- app.Run(ctx) }()
	ended := false
	stop = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
	t.Cleanup(stop)
	return app, stop
}

var eventually = redistest.Eventually

func status(t *testing.T, url string) int {
	t.Helper()
	resp, err := http.Get(url) // #nosec G107: this test's own server
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// submitted submits until the store took it: the one in memory is slow under the race detector on a busy machine, and
// an id makes it safe to send again, as the answer then says.
func submitted(t *testing.T, want string, args ...string) {
	t.Helper()
	eventually(t, want, func() bool {
		_, out, _ := here(t, "", append([]string{"submit"}, args...)...)
		return out == want
	})
}

func TestServeRunsTasksAndKeepsThemOverARestartOnBothStores(t *testing.T) {
	for _, kind := range []string{"redis-server", "memory"} {
		t.Run(kind, func(t *testing.T) {
			cfg := DefaultConfig()
			cfg.Store, cfg.DataDir = kind, t.TempDir()
			app, stop := startApp(t, cfg, All)
			submitted(t, "T1 completed {\"a\":1}\n", "--server="+app.URL(), "--id=T1", "--wait=20s", `{"a":1}`)
			submitted(t, "T2 scheduled\n", "--server="+app.URL(), "--id=T2", "--delay=1h", "7")
			stop()
			app, _ = startApp(t, cfg, All)
			for id, state := range map[string]string{"T1": "completed", "T2": "scheduled"} {
				eventually(t, id+" is "+state+" after the restart", func() bool {
					code, out, _ := here(t, "", "task", "--server="+app.URL(), id)
					return code == 0 && strings.Contains(out, state)
				})
			}
		})
	}
}

func TestClientCommands(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Store, cfg.DataDir, cfg.WorkerName = "redis-server", t.TempDir(), "bench"
	app, _ := startApp(t, cfg, All)
	t.Setenv("QUEUEPILOT_SERVER", app.URL())
	for _, c := range []struct {
		name, stdin string
		args        []string
		code        int
		out, err    string
	}{
		{"submit with all flags", "", []string{"submit", "--id=A", "--type=echo", "--queue=mail", "--priority=9", "--max-attempts=2", "--timeout=5s", "--payload=[1]", "--wait=20s"}, 0, "A completed [1]", ""},
		{"the same again", "", []string{"submit", "--id=A", "--payload=[1]"}, 0, "A completed", ""},
		{"another payload", "", []string{"submit", "--id=A", "--payload=2"}, 1, "", "another payload"},
		{"as JSON", "", []string{"submit", "--id=A", "--payload=[1]", "--json"}, 0, `"queue":"mail"`, ""},
		{"a failing task", "", []string{"submit", "--id=F", "--type=fail", "--payload={\"times\":9}", "--max-attempts=1", "--wait=20s"}, 1, "F failed", "failed as asked"},
		{"a task that takes longer", "", []string{"submit", "--id=S", "--type=sleep", "--payload={\"seconds\":60}", "--wait=100ms"}, 1, "S running", "still running after 100ms"},
		{"a bad value", "", []string{"submit", "--priority=10"}, 2, "", "priority is 10"},
		{"nobody handles it", "", []string{"submit", "--type=nobody", "--wait=100ms"}, 1, "", "handles the type nobody"},
		{"lines", "{\"id\":\"L1\"}\n\n{\"id\":\"L2\",\"payload\":5}", []string{"submit", "-"}, 0, "L1 201 \nL2 201 \n", ""},
		{"lines, one bad", "{\"id\":\"L1\"}\n{\"id\":\"L3\",\"x\":1}\n", []string{"submit", "-", "--json"}, 1, `"status":422`, "1 of 2 tasks"},
		{"lines for later", "{\"id\":\"D1\",\"queue\":\"later\",\"delay_seconds\":900}\n{\"id\":\"D2\",\"queue\":\"later\",\"delay_seconds\":900}", []string{"submit", "-"}, 0, "D1 201 \nD2 201 \n", ""},
		{"task", "", []string{"task", "F"}, 0, "failed (attempts_exhausted)", ""},
		{"task as JSON", "", []string{"task", "F", "--json"}, 0, `"outcome":"error"`, ""},
		{"unknown task", "", []string{"task", "none"}, 1, "", "There is no task none"},
		{"tasks", "", []string{"tasks", "--state=failed"}, 0, "failed as asked", ""},
		{"tasks, a page", "", []string{"tasks", "--limit=1"}, 0, "There are more: --after ", ""},
		{"tasks as JSON", "", []string{"tasks", "--q=L1", "--json"}, 0, `"id":"L1"`, ""},
		{"tasks in no state", "", []string{"tasks", "--state=done"}, 2, "", "state"},
		{"retry", "", []string{"retry", "F"}, 0, "F is ", ""},
		{"retry of a completed task and of none", "", []string{"retry", "A", "none"}, 1, "", "retry none: There is no task none"},
		{"retry of what", "", []string{"retry"}, 2, "", "--state failed"},
		{"retry of both", "", []string{"retry", "A", "--state=failed"}, 2, "", "not both"},
		{"cancel", "", []string{"cancel", "S", "--json"}, 0, `"id":"S"`, ""},
		{"cancel of many, counted only", "", []string{"cancel", "--queue=later"}, 0, "Tasks that match: 2. Nothing was changed. Pass --count 2 to cancel them.", ""},
		{"cancel of another number", "", []string{"cancel", "--queue=later", "--count=3"}, 1, "", "2 tasks match"},
		{"cancel of many", "", []string{"cancel", "--queue=later", "--count=2"}, 0, "cancel: 2 done, 0 had moved on, 0 were gone", ""},
		{"pause", "", []string{"pause", "mail", "later"}, 0, "mail is paused\nlater is paused\n", ""},
		{"pause as JSON", "", []string{"pause", "mail", "--json"}, 0, `"paused":true`, ""},
		{"resume", "", []string{"resume", "mail"}, 0, "mail is resumed", ""},
		{"pause of no name", "", []string{"pause", "a b"}, 2, "", "a b"},
		{"workers", "", []string{"workers"}, 0, "ready", ""},
		{"workers as JSON", "", []string{"workers", "--json"}, 0, `"id":"bench-`, ""},
		{"status", "", []string{"status"}, 0, "mail", ""},
		{"status as JSON", "", []string{"status", "--json"}, 0, `"workers":[{"id":"bench-`, ""},
	} {
		code, out, stderr := here(t, c.stdin, c.args...)
		if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(stderr, c.err) {
			t.Errorf("%s: %d %q %q; want %d %q %q", c.name, code, out, stderr, c.code, c.out, c.err)
		}
		if c.code == 0 && len(c.args) > 1 && c.args[len(c.args)-1] == "--json" && !json.Valid([]byte(out)) {
			t.Errorf("%s: not JSON: %q", c.name, out)
		}
	}
}

func TestManyLinesGoInBatches(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Store, cfg.DataDir = "redis-server", t.TempDir()
	app, _ := startApp(t, cfg, All)
	var lines strings.Builder
	for n := range 2*batchTasks + 1 {
		fmt.Fprintf(&lines, "{\"id\":\"N%d\",\"delay_seconds\":3600}\n", n)
	}
	code, out, stderr := here(t, lines.String(), "submit", "--server="+app.URL(), "-")
	if n := strings.Count(out, " 201 "); code != 0 || n != 2*batchTasks+1 {
		t.Errorf("exit %d, %d created, %q; want 0 and %d", code, n, stderr, 2*batchTasks+1)
	}
}

func TestRolesApartBeginByThemselvesOnceRedisIsThere(t *testing.T) {
	rdb := redistest.New(t)
	rdb.Stop()
	cfg := DefaultConfig()
	cfg.RedisURL = rdb.URL()
	webApp, _ := startApp(t, cfg, Web)
	for _, role := range []Roles{Scheduler, Monitor, Worker} {
		startApp(t, cfg, role)
	}
	if got := status(t, webApp.URL()+"/readyz"); got != 503 {
		t.Errorf("readyz with Redis away: %d; want 503", got)
	}
	if got := status(t, webApp.URL()+"/healthz"); got != 200 {
		t.Errorf("healthz with Redis away: %d; want 200", got)
	}
	rdb.Start()
	eventually(t, "ready", func() bool { return status(t, webApp.URL()+"/readyz") == 200 })
	code, out, stderr := here(t, "", "submit", "--server="+webApp.URL(), "--id=T1", "--wait=30s", "1")
	if code != 0 || out != "T1 completed 1\n" {
		t.Errorf("submit: %d %q %q", code, out, stderr)
	}
	eventually(t, "a worker is listed", func() bool {
		_, out, _ := here(t, "", "status", "--server="+webApp.URL())
		return strings.Contains(out, "ready")
	})
}

// startProgram starts a real serve process and returns where it listens, read from its greeting.
func startProgram(t *testing.T, args ...string) (proc *procHandle) {
	t.Helper()
	cmd := program(t, nil, append([]string{"serve", "--addr=127.0.0.1:0", "--store=memory"}, args...)...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &procHandle{signal: func(s syscall.Signal) { _ = cmd.Process.Signal(s) }, done: make(chan int, 1)}
	found := make(chan string, 1)
	go func() {
		p.readLog(stderr, found)
		_ = cmd.Wait()
		p.done <- cmd.ProcessState.ExitCode()
	}()
	select {
	case p.url = <-found:
	case <-time.After(30 * time.Second):
		t.Fatal("no greeting on stderr")
	}
	return p
}

type procHandle struct {
	url    string
	log    strings.Builder // complete once done has told
	signal func(syscall.Signal)
	done   chan int
}

func (p *procHandle) readLog(r io.Reader, found chan<- string) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fmt.Fprintln(&p.log, lines.Text())
		if _, url, ok := strings.Cut(lines.Text(), "dashboard: "); ok {
			found <- url
		}
	}
}

func (p *procHandle) exit(t *testing.T) int {
	t.Helper()
	select {
	case code := <-p.done:
		return code
	case <-time.After(30 * time.Second):
		t.Fatal("it does not end")
		return 0
	}
}

func TestSIGTERMDrainsAndExitsWithZero(t *testing.T) {
	p := startProgram(t)
	eventually(t, "a task is taken", func() bool {
		code, _, _ := here(t, "", "submit", "--server="+p.url, "--id=S", "--type=sleep", "--payload={\"seconds\":0.3}")
		return code == 0
	})
	p.signal(syscall.SIGTERM)
	if code := p.exit(t); code != 0 {
		t.Errorf("exit %d\n%s", code, p.log.String())
	}
	first, _, _ := strings.Cut(p.log.String(), "\n")
	if !strings.Contains(first, "msg=store") || !strings.Contains(first, "memory") {
		t.Errorf("the first line is %q; want the store and its promise", first)
	}
	if !strings.Contains(p.log.String(), "curl http://127.0.0.1:") {
		t.Errorf("no curl example in\n%s", p.log.String())
	}
}

func TestASecondSignalEndsAtOnceWithOne(t *testing.T) {
	p := startProgram(t, "--shutdown-timeout=10m")
	eventually(t, "the task runs", func() bool {
		here(t, "", "submit", "--server="+p.url, "--id=S", "--type=sleep", "--payload={\"seconds\":600}")
		_, out, _ := here(t, "", "task", "--server="+p.url, "S")
		return strings.Contains(out, string(queue.Running))
	})
	p.signal(syscall.SIGTERM)
	eventually(t, "the server takes no more requests", func() bool {
		_, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
		return err != nil
	})
	p.signal(syscall.SIGINT)
	if code := p.exit(t); code != 1 {
		t.Errorf("exit %d; want 1\n%s", code, p.log.String())
	}
}
