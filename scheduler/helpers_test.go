package scheduler_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
	"github.com/xuniquepatel/queue-pilot/scheduler"
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

var quiet = slog.New(slog.DiscardHandler)

func newScheduler(c *queue.Client) *scheduler.Scheduler {
	return scheduler.New(c, scheduler.Config{Log: quiet})
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

// The places of times in a state record.
const (
	assignedField = 5
	finishedField = 7
)

// backdate moves a time of a state record into the past.
func backdate(t *testing.T, c *queue.Client, id string, field int, by time.Duration) time.Time {
	t.Helper()
	record, err := c.Redis().HGet(t.Context(), c.Keys().States(), id).Result()
	must(t, err)
	parts := strings.SplitN(record, "|", 11)
	var at int64
	_, err = fmt.Sscan(parts[field], &at)
	must(t, err)
	at -= by.Milliseconds()
	parts[field] = fmt.Sprint(at)
	must(t, c.Redis().HSet(t.Context(), c.Keys().States(), id, strings.Join(parts, "|")).Err())
	return time.UnixMilli(at)
}
