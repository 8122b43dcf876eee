package monitor_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// each runs test with a client of an empty cell, on both stores.
func each(t *testing.T, test func(t *testing.T, c *queue.Client)) {
	t.Helper()
	redistest.Each(t, func(t *testing.T, url string) {
		c, err := queue.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		test(t, c)
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// lease is so long that workers are lost by the test's word only: see silent.
const lease = time.Hour

var quiet = slog.New(slog.DiscardHandler)

func newMonitor(c *queue.Client) *monitor.Monitor {
	return monitor.New(c, monitor.Config{WorkerTimeout: lease, Log: quiet})
}

// register puts a worker into the inventory: slots, the queues as "a=1,b=5" ("" for all), and its types.
func register(t *testing.T, c *queue.Client, name string, slots int, queues map[string]int, types ...string) *workers.Session {
	t.Helper()
	s, err := workers.Register(t.Context(), c, workers.Config{Name: name, Slots: slots, Queues: queues}, types)
	must(t, err)
	return s
}

func submit(t *testing.T, c *queue.Client, tasks ...queue.Task) []string {
	t.Helper()
	answers, err := c.Submit(t.Context(), tasks...)
	must(t, err)
	ids := make([]string, len(answers))
	for i, a := range answers {
		if ids[i] = a.ID; a.Status != queue.Created {
			t.Fatalf("task %s: %+v", a.ID, a)
		}
	}
	return ids
}

// some are n tasks called prefix0, prefix1, ... made like the given one.
func some(n int, prefix string, like queue.Task) []queue.Task {
	tasks := make([]queue.Task, n)
	for i := range tasks {
		tasks[i] = like
		tasks[i].ID = fmt.Sprint(prefix, i)
	}
	return tasks
}

// turn reports all of done as completed and starts up to want; it returns the ids of what was started.
func turn(t *testing.T, s *workers.Session, want int, done ...*queue.Task) ([]string, []*queue.Task) {
	t.Helper()
	var reports []workers.Report
	for _, d := range done {
		reports = append(reports, workers.Report{TaskID: d.ID, Attempt: d.Attempt, Kind: workers.Complete, Outcome: queue.OutcomeOK})
	}
	verdicts, leases, err := s.Turn(t.Context(), reports, want)
	must(t, err)
	for i, v := range verdicts {
		if v != workers.Recorded {
			t.Fatalf("the report of %s was not recorded: %d", reports[i].TaskID, v)
		}
	}
	ids := []string{}
	for _, l := range leases {
		ids = append(ids, l.ID)
	}
	return ids, leases
}

func list(t *testing.T, c *queue.Client, key string) []string {
	t.Helper()
	ids, err := c.Redis().LRange(t.Context(), key, 0, -1).Result()
	must(t, err)
	return ids
}

func held(t *testing.T, c *queue.Client, s *workers.Session) []string {
	t.Helper()
	return list(t, c, c.Keys().Processing(s.ID()))
}

func expectIDs(t *testing.T, what string, got []string, want string) {
	t.Helper()
	if strings.Join(got, " ") != want {
		t.Errorf("%s: %v; want [%s]", what, got, want)
	}
}

// counts gives a queue's counters that are not zero: "p=1 S=2".
func counts(t *testing.T, c *queue.Client, q string) string {
	t.Helper()
	all, err := c.Redis().HGetAll(t.Context(), c.Keys().Counts()).Result()
	must(t, err)
	var parts []string
	for field, n := range all {
		if name, code, _ := strings.Cut(field, "|"); name == q && n != "0" {
			parts = append(parts, code+"="+n)
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

func expectCounts(t *testing.T, c *queue.Client, q, want string) {
	t.Helper()
	if got := counts(t, c, q); got != want {
		t.Errorf("queue %s counts %q; want %q", q, got, want)
	}
}

func get(t *testing.T, c *queue.Client, id string) *queue.Task {
	t.Helper()
	task, err := c.Get(t.Context(), id)
	must(t, err)
	return task
}

const patience = 20 * time.Second

// eventually asks again until ok, every 2 ms.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); !ok(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// silent makes the workers look as if they had not beaten for two leases.
func silent(t *testing.T, c *queue.Client, sessions ...*workers.Session) {
	t.Helper()
	for i, s := range sessions {
		now, err := c.Redis().Time(t.Context()).Result()
		must(t, err)
		at := now.Add(-2*lease + time.Duration(i)*time.Second) // the first one for the longest
		must(t, c.Redis().ZAdd(t.Context(), c.Keys().Workers(), redis.Z{Score: float64(at.UnixMilli()), Member: s.ID()}).Err())
	}
}

// outcomes of a task's attempts: "1 error, 2 ok".
func outcomes(t *testing.T, c *queue.Client, id string) string {
	t.Helper()
	attempts, err := c.Attempts(t.Context(), id)
	must(t, err)
	parts := make([]string, len(attempts))
	for i, a := range attempts {
		parts[i] = strings.TrimSpace(fmt.Sprint(a.Attempt, " ", a.Outcome))
	}
	return strings.Join(parts, ", ")
}

func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v, open := <-from:
		if !open {
			t.Fatalf("the channel closed: %s", what)
		}
		return v
	case <-time.After(patience):
		t.Fatalf("not within %v: %s", patience, what)
		panic("unreachable")
	}
}

func ms(at time.Time) string { return fmt.Sprint(at.UnixMilli()) }
