package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
	"github.com/xuniquepatel/queue-pilot/app/redisdb"
)

const terminate = syscall.SIGTERM

func kept(id, payload string) map[string]any {
	return map[string]any{"task": map[string]string{"id": id, "payload": payload}}
}

func TestRedisAwayIsSaidAndHealsByItself(t *testing.T) {
	t.Parallel()
	sys, gates := harness.NewSystem(t), harness.NewGates(t)
	sys.Worker("plain", 2)
	sys.TestWorker("gated", 1, gates)
	sys.Submit(harness.New{"id": "before", "payload": "1"})
	sys.Submit(harness.New{"id": "later", "payload": "2", "delay_seconds": 1})
	sys.Submit(gateTasks(1, "gate", "go")...)
	sys.UntilState("completed", "before")
	sys.UntilState("running", "T1")

	sys.Redis.Written()
	sys.Redis.Kill()
	sys.UntilStatus("GET", "/readyz", nil, http.StatusServiceUnavailable)
	for _, call := range []struct {
		method, path string
		body         any
		want         int
	}{
		{"GET", "/healthz", nil, http.StatusOK},
		{"POST", "/submit_task", kept("away", "x"), http.StatusServiceUnavailable},
		{"GET", "/queue_status", nil, http.StatusServiceUnavailable},
		{"GET", "/system_status", nil, http.StatusServiceUnavailable},
		{"POST", "/api/v1/tasks", harness.New{"id": "away"}, http.StatusServiceUnavailable},
		{"GET", "/api/v1/tasks/before", nil, http.StatusServiceUnavailable},
	} {
		if status, err := sys.Call(call.method, call.path, call.body, nil); status != call.want {
			t.Errorf("%s %s without Redis: %d, %v; want %d", call.method, call.path, status, err, call.want)
		}
	}

	sys.Redis.Start()
	sys.UntilReady()
	sys.UntilStatus("POST", "/submit_task", kept("away", "x"), http.StatusOK)
	gates.Open(t, "go")
	sys.UntilState("completed", "later", "away", "T1")
	sys.UntilWorker("plain", "ready")
	if n := gates.Count(t, "start", "T1"); n != 1 {
		t.Errorf("the task that ran through the outage was started %d times; want 1: its worker never died", n)
	}
}

func TestServeKeepsItsTasksAcrossARestart(t *testing.T) {
	t.Parallel()
	for _, store := range []string{redisdb.RedisServer, redisdb.Memory} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			args := []string{"serve", "--addr", "127.0.0.1:0", "--store", store, "--data-dir", t.TempDir()}
			first := harness.Start(t, "first", args...)
			api := harness.NewAPI(t, first.URL())
			api.UntilReady()
			saysItsPromise(t, first, store)
			api.UntilStatus("POST", "/api/v1/queues/paused/pause", nil, http.StatusOK)
			api.Submit(
				harness.New{"id": "done", "payload": map[string]int{"n": 1}},
				harness.New{"id": "broken", "type": "fail", "payload": map[string]int{"times": 1}, "max_attempts": 1},
				harness.New{"id": "waiting", "queue": "paused", "payload": "w"},
				harness.New{"id": "tomorrow", "delay_seconds": 86400},
			)
			api.UntilState("completed", "done")
			api.UntilState("failed", "broken")
			api.UntilState("pending", "waiting")
			if code := first.Stop(); code != 0 {
				t.Errorf("serve ended with code %d; want 0", code)
			}

			api = harness.NewAPI(t, harness.Start(t, "second", args...).URL())
			api.UntilReady()
			for id, want := range map[string]string{
				"done": "completed", "broken": "failed", "waiting": "pending", "tomorrow": "scheduled",
			} {
				if task := api.Task(id); task.State != want {
					t.Errorf("after the restart %s is %s; want %s", id, task.State, want)
				}
			}
			if got := string(api.Task("done").Result); got != `{"n":1}` {
				t.Errorf("the result is %s after the restart; want the payload", got)
			}
			api.UntilStatus("POST", "/api/v1/queues/paused/resume", nil, http.StatusOK)
			api.UntilState("completed", "waiting")
			api.UntilStatus("POST", "/api/v1/tasks/tomorrow/run", nil, http.StatusOK)
			api.UntilState("completed", "tomorrow")
		})
	}
}

// saysItsPromise checks that the first lines of the log name the store and what it promises.
func saysItsPromise(t *testing.T, p *harness.Process, store string) {
	t.Helper()
	want := map[string]string{redisdb.RedisServer: "power loss", redisdb.Memory: "test double"}[store]
	for _, line := range p.Log().Lines() {
		text, _ := json.Marshal(line.Attributes)
		if strings.Contains(string(text), store) && strings.Contains(string(text), want) {
			return
		}
	}
	t.Errorf("no log line names the store %s and says %q:\n%s", store, want, p.Log())
}

func TestRolesApartNeedARedisAndSaySo(t *testing.T) {
	t.Parallel()
	for _, role := range []string{"web", "scheduler", "monitor", "worker"} {
		p := harness.Start(t, role, role)
		if code := p.Wait(); code != 1 || !strings.Contains(p.Log().String(), "--redis-url") {
			t.Errorf("%s without Redis: code %d, %q; want 1 and the flag", role, code, p.Log())
		}
	}
}
