package workers_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/queue/queuetest"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// TestMain looks for goroutines that outlive the tests.
func TestMain(m *testing.M) {
	before := goleak.IgnoreCurrent()
	code := m.Run()
	if err := goleak.Find(before); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

var (
	each, open, get, submit, some = queuetest.Each, queuetest.Open, queuetest.Get, queuetest.Submit, queuetest.Some
	expectCell, outcomes          = queuetest.ExpectCell, queuetest.Outcomes
	must, eventually              = redistest.Must, redistest.Eventually
)

var quiet = slog.New(slog.DiscardHandler)

func register(t *testing.T, c *queue.Client, name string, slots int, types ...string) *workers.Session {
	t.Helper()
	s, err := workers.Register(t.Context(), c, workers.Config{Name: name, Slots: slots}, types)
	must(t, err)
	return s
}

// start starts up to want tasks.
func start(t *testing.T, s *workers.Session, want int) []*queue.Task {
	t.Helper()
	_, leases, err := s.Turn(t.Context(), nil, want)
	must(t, err)
	return leases
}

// report sends one report, and returns its verdict.
func report(t *testing.T, s *workers.Session, r workers.Report) workers.Verdict {
	t.Helper()
	verdicts, _, err := s.Turn(t.Context(), []workers.Report{r}, 0)
	must(t, err)
	return verdicts[0]
}

func done(task *queue.Task) workers.Report {
	return workers.Report{
		TaskID: task.ID, Attempt: task.Attempt, Kind: workers.Complete, Outcome: queue.OutcomeOK, Result: `"r"`,
		Queue: task.Queue, Retention: task.Retention,
	}
}

func ended(task *queue.Task, kind workers.Kind) workers.Report {
	outcomes := map[workers.Kind]queue.Outcome{
		workers.Retry: queue.OutcomeError, workers.Fail: queue.OutcomeError,
		workers.Release: queue.OutcomeReleased, workers.Cancel: queue.OutcomeCanceled,
	}
	r := workers.Report{TaskID: task.ID, Attempt: task.Attempt, Kind: kind, Outcome: outcomes[kind], Error: "why"}
	if kind == workers.Fail {
		r.Reason = queue.ReasonNoRetry
	}
	if kind == workers.Complete {
		return done(task)
	}
	return r
}

// lose makes the monitor declare the worker lost.
func lose(t *testing.T, c *queue.Client, id string) {
	t.Helper()
	m := monitor.New(c, monitor.Config{WorkerTimeout: time.Hour, Log: quiet})
	eventually(t, "the worker is lost", func() bool { // its own heartbeat may come between the two
		must(t, c.Redis().ZAdd(t.Context(), c.Keys().Workers(), redis.Z{Score: 1, Member: id}).Err())
		must(t, m.Reclaim(t.Context()))
		return queue.IsNil(c.Redis().ZScore(t.Context(), c.Keys().Workers(), id).Err())
	})
}

// cell is queuetest.Cell with names for workers' ids.
func cell(t *testing.T, c *queue.Client, names ...*workers.Session) []string {
	t.Helper()
	lines := queuetest.Cell(t, c)
	for i, line := range lines {
		for _, s := range names {
			name, _, _ := strings.Cut(s.ID(), "-")
			line = strings.ReplaceAll(line, s.ID(), name)
		}
		lines[i] = line
	}
	slices.Sort(lines)
	return lines
}

const patience = 30 * time.Second

// running is a worker whose Run was called.
type running struct {
	stop context.CancelFunc
	done chan error
}

// runWorker runs a worker until stop, or the end of the test.
func runWorker(t *testing.T, c *queue.Client, h workers.Handlers, cfg workers.Config) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	if cfg.Log == nil {
		cfg.Log = quiet
	}
	w := &running{stop: cancel, done: make(chan error, 1)}
	go func() {
		w.done <- workers.New(c, h, cfg).Run(ctx)
		close(w.done)
	}()
	t.Cleanup(func() { cancel(); <-w.done })
	return w
}

// wait waits for Run's return, which must be nil.
func (w *running) wait(t *testing.T) {
	t.Helper()
	select {
	case err := <-w.done:
		if err != nil {
			t.Fatalf("Run returned %v", err)
		}
	case <-time.After(patience):
		t.Fatalf("Run did not return within %v", patience)
	}
}

// theWorker is the id of the only live worker, once there is one.
func theWorker(t *testing.T, c *queue.Client, but ...string) string {
	t.Helper()
	var id string
	eventually(t, "a worker is registered", func() bool {
		ids, err := c.Redis().ZRange(t.Context(), c.Keys().Workers(), 0, -1).Result()
		must(t, err)
		ids = slices.DeleteFunc(ids, func(id string) bool { return slices.Contains(but, id) })
		if len(ids) == 1 {
			id = ids[0]
		}
		return id != ""
	})
	return id
}

func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("not within %v: %s", patience, what)
		panic("unreachable")
	}
}

// cellOf is the part of the cell with the prefix.
func cellOf(t *testing.T, c *queue.Client, prefix string) []string {
	t.Helper()
	return slices.DeleteFunc(cell(t, c), func(line string) bool { return !strings.HasPrefix(line, prefix) })
}
