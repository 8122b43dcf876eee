package harness

import (
	"strconv"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

// System is a QueuePilot whose roles run apart, on a real Redis: web, scheduler and monitor. Workers are added.
type System struct {
	*API
	Redis     *redistest.Redis
	Web       *Process
	Scheduler *Process
	Monitor   *Process
	t         testing.TB
}

// NewSystem starts a Redis, web, scheduler and monitor, and waits until web answers that it is ready.
func NewSystem(t testing.TB) *System {
	t.Helper()
	s := &System{Redis: redistest.New(t), t: t}
	redis := []string{"--redis-url", s.Redis.URL()}
	s.Web = Start(t, "web", append([]string{"web", "--addr", "127.0.0.1:0"}, redis...)...)
	s.Scheduler = Start(t, "scheduler", append([]string{"scheduler"}, redis...)...)
	s.Monitor = Start(t, "monitor", append([]string{"monitor"}, redis...)...)
	s.API = NewAPI(t, s.Web.URL())
	s.UntilReady()
	return s
}

// UntilReady waits until /readyz answers 200.
func (a *API) UntilReady() {
	a.t.Helper()
	a.UntilStatus("GET", "/readyz", nil, 200)
}

// UntilStatus waits until a call answers with the status.
func (a *API) UntilStatus(method, path string, body any, want int) {
	a.t.Helper()
	Until(a.t, method+" "+path+" answers "+strconv.Itoa(want), func() error {
		status, err := a.Call(method, path, body, nil)
		if err == nil && status != want {
			err = unexpected(status)
		}
		return err
	})
}

type unexpected int

func (u unexpected) Error() string { return "it answered " + strconv.Itoa(int(u)) }

// Worker starts `queuepilot worker` and waits until it is ready.
func (s *System) Worker(name string, slots int, args ...string) *Process {
	s.t.Helper()
	p := Start(s.t, name, append([]string{
		"worker", "--redis-url", s.Redis.URL(), "--worker-name", name, "--concurrency", strconv.Itoa(slots),
	}, args...)...)
	s.UntilWorker(name, "ready")
	return p
}

// TestWorker starts a test worker that keeps its execution log and gates in dir, and waits until it is ready.
func (s *System) TestWorker(name string, slots int, dir Gates, args ...string) *Process {
	s.t.Helper()
	p := StartTestWorker(s.t, name, append([]string{
		"-redis-url", s.Redis.URL(), "-name", name, "-slots", strconv.Itoa(slots), "-dir", string(dir),
	}, args...)...)
	s.UntilWorker(name, "ready")
	return p
}
