package harness

import (
	"strconv"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

// System is a QueuePilot whose roles run apart, on a real Redis: web, scheduler and monitor. Workers are added.
type System struct {
	*API
	Redis     *redistest.Redis // nil where Setup.Address names something else
	Web       *Process
	Scheduler *Process
	Monitor   *Process
	t         testing.TB
	setup     Setup
}

// Setup says how a System is made. The zero value is a redis-server of its own and the programs' defaults.
type Setup struct {
	// Redis is the server that it works on; a new one where nil.
	Redis *redistest.Redis
	// Address is the Redis that a process is given, by its role ("web", "scheduler", "monitor") or a worker's name; nil
	// or "" stand for the address of Redis.
	Address func(process string) string
	// Env is what a process has in its environment besides the test's own ("TZ=Pacific/Apia"), by the same name.
	Env func(process string) []string
	// WorkerTimeout is given to all processes, with a fifth of it as the heartbeat's interval; 5 s where 0.
	WorkerTimeout time.Duration
	// Args are further arguments of all of queuepilot's processes.
	Args []string
}

// NewSystem starts a Redis, web, scheduler and monitor, and waits until web answers that it is ready.
func NewSystem(t testing.TB) *System {
	t.Helper()
	return NewSystemWith(t, Setup{})
}

// NewSystemWith is NewSystem with another setup.
func NewSystemWith(t testing.TB, setup Setup) *System {
	t.Helper()
	s := &System{t: t, setup: setup, Redis: setup.Redis}
	if s.Redis == nil && setup.Address == nil {
		s.Redis = redistest.New(t)
	}
	s.Web = s.Role("web", "web", "--addr", "127.0.0.1:0")
	s.Scheduler = s.Role("scheduler", "scheduler")
	s.Monitor = s.Role("monitor", "monitor")
	s.API = NewAPI(t, s.Web.URL())
	s.UntilReady()
	return s
}

// Role starts a further process of queuepilot on the System's Redis; role is its command, name how it is known to
// Setup.Address.
func (s *System) Role(name, role string, args ...string) *Process {
	s.t.Helper()
	all := append([]string{role, "--redis-url", s.address(name)}, s.setup.Args...)
	all = append(append(all, s.times("--")...), "--log-format", "json")
	return start(s.t, name, s.env(name), Binary(s.t), append(all, args...)...)
}

// address is the Redis that the process called name is given.
func (s *System) address(name string) string {
	if s.setup.Address != nil {
		if url := s.setup.Address(name); url != "" {
			return url
		}
	}
	return s.Redis.URL()
}

func (s *System) env(name string) []string {
	if s.setup.Env == nil {
		return nil
	}
	return s.setup.Env(name)
}

// times are the arguments that say how long silence may last.
func (s *System) times(dashes string) []string {
	timeout := s.setup.WorkerTimeout
	if timeout == 0 {
		return nil
	}
	return []string{dashes + "worker-timeout", timeout.String(), dashes + "heartbeat-interval", (timeout / 5).String()}
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
	args = append([]string{"--worker-name", name, "--concurrency", strconv.Itoa(slots)}, args...)
	p := s.Role(name, "worker", args...)
	p.WorkerID()
	return p
}

// TestWorker starts a test worker that keeps its execution log and gates in dir, and waits until it is ready.
func (s *System) TestWorker(name string, slots int, dir Gates, args ...string) *Process {
	s.t.Helper()
	all := append([]string{
		"-redis-url", s.address(name), "-name", name, "-slots", strconv.Itoa(slots), "-dir", string(dir),
	}, s.times("-")...)
	p := start(s.t, name, s.env(name), build(s.t, testworkerPackage), append(all, args...)...)
	p.WorkerID()
	return p
}
