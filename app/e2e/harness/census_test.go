package harness_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
	"github.com/xuniquepatel/queue-pilot/workers"
)

var must = redistest.Must

// newCell has one task in each state, and one with its payload apart, on the worker w. Each is named after its state.
func newCell(t *testing.T, url string) (*queue.Client, string) {
	t.Helper()
	c := queue.New(redistest.Open(t, url))
	must(t, c.Redis().FlushAll(t.Context()).Err())
	cfg := workers.Config{Name: "w", Slots: 3, Queues: map[string]int{"*": 1}}
	w, err := workers.Register(t.Context(), c, cfg, []string{"echo"})
	must(t, err)
	submit(t, c, "completed", "failed", "retry")
	kinds := map[string]workers.Kind{"completed": workers.Complete, "failed": workers.Fail, "retry": workers.Retry}
	var reports []workers.Report
	for id, kind := range kinds {
		reports = append(reports, workers.Report{TaskID: id, Attempt: 1, Kind: kind, Delay: time.Hour, Result: `"done"`})
	}
	turn(t, w, nil, 3)
	turn(t, w, reports, 0)
	submit(t, c, "running", "stopping")
	turn(t, w, nil, 2)
	cancel(t, c, "stopping")
	submit(t, c, "assigned", "pending", "canceled")
	cancel(t, c, "canceled")
	_, err = c.Submit(t.Context(), queue.Task{ID: "scheduled", Delay: time.Hour}, queue.Task{
		ID: "large", Type: "nobody", Payload: []byte(`"` + strings.Repeat("x", 2000) + `"`),
	})
	must(t, err)
	return c, w.ID()
}

func submit(t *testing.T, c *queue.Client, ids ...string) {
	t.Helper()
	for _, id := range ids {
		_, err := c.Submit(t.Context(), queue.Task{ID: id})
		must(t, err)
	}
}

func turn(t *testing.T, w *workers.Session, reports []workers.Report, want int) {
	t.Helper()
	_, leases, err := w.Turn(t.Context(), reports, want)
	if err != nil || len(leases) != want {
		t.Fatalf("turn started %d tasks, %v; want %d", len(leases), err, want)
	}
}

// cancel does not wait for a running task, which nobody runs here.
func cancel(t *testing.T, c *queue.Client, id string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	_, _ = c.Cancel(ctx, id) // its error is the end of the wait
}

func TestACensusReadsEachTaskWhereItStandsAndFindsNoFault(t *testing.T) {
	redistest.Each(t, func(t *testing.T, url string) {
		c, w := newCell(t, url)
		census, err := harness.TakeCensus(t.Context(), c)
		must(t, err)
		if faults := census.Faults(); len(faults) > 0 {
			t.Errorf("faults:\n%s", strings.Join(faults, "\n"))
		}
		for id, want := range map[string]string{
			"completed": "tasks_completed", "failed": "tasks_failed", "retry": "tasks_retry", "running": "processing:" + w,
			"stopping": "processing:" + w, "assigned": "processing:" + w, "pending": "task_queue:default",
			"canceled": "tasks_canceled", "scheduled": "tasks_scheduled", "large": "task_queue:default",
		} {
			if got := census.Places[id]; len(got) != 1 || got[0] != want || census.Tasks[id] == nil {
				t.Errorf("task %s: %+v on %v; want it on %s", id, census.Tasks[id], got, want)
			}
		}
		if got := census.Workers[w]; got.Assigned != 1 || got.Running != 2 || got.Slots != 3 || len(census.Workers) != 1 {
			t.Errorf("workers %+v; want one with 1 assigned and 2 running on 3 slots", census.Workers)
		}
		want := harness.CensusTotals{Submitted: 10, Kept: 10}
		if census.Totals != want || census.Counts["default|pending"] != 2 || string(census.Tasks["completed"].Result) != `"done"` {
			t.Errorf("%+v, %v; want %+v", census.Totals, census.Counts, want)
		}
	})
}

func TestACensusNamesEachFault(t *testing.T) {
	url := redistest.Server(t)
	for _, tc := range []struct{ do, want string }{
		{"LPUSH task_queue:default running", "task running is running and stands on"},
		{"RPUSH task_queue:default pending", "task pending is pending and stands on [task_queue:default task_queue:default]"},
		{"LREM task_queue:default 0 pending", "task pending is pending and stands on []"},
		{"RPUSH task_queue:default#9 pending", "task pending is pending and stands on"},
		{"RPUSH task_queue:default#9 pending", "nobody looks at task_queue:default#9"},
		{"SREM backlog default", "nobody looks at task_queue:default"},
		{"ZADD tasks_failed 1 stranger", "stranger stands on [tasks_failed] and is no task"},
		{"HDEL tasks retry", "retry stands on [tasks_retry] and is no task"},
		{"HSET tasks pending x", "default|pending counts 2, there are 1"},
		{"RPUSH unreadable pending", "0 are counted as not readable, there are 1"},
		{"HINCRBY counts default|f 1", "default|failed counts 2, there are 1"},
		{"HINCRBY counts default|D 1", "10 were submitted, 10 are kept and 1 were deleted"},
		{"HSET state stranger r|1|0|w|0|0|0|0|0||", "state has a field stranger"},
		{"HSET progress pending 1|half", "task pending is pending and has the progress"},
		{"HSET progress stranger 1|half", "progress has a field stranger"},
		{"HSET results failed 1", "task failed is failed and has the result 1"},
		{"HDEL payloads large", "task large has lost its payload"},
		{"SET somewhat else", "the key somewhat is none that is known"},
		{"RPUSH inbox:w-0 work", "inbox:w-0 is there, and the worker is not"},
		{"HSET worker_status:w-0 id w-0", "worker_status:w-0 is there, and the worker is not"},
		{"HINCRBY worker_status:WORKER running 1", "counts 1 assigned and 3 running, there are 1 and 2"},
		{"LMOVE processing:WORKER processing:WORKER RIGHT LEFT", "stands behind one that does not"},
		{"ZADD workers_gone 1 WORKER", "is both in the inventory and gone"},
		{"ZADD ready:x 0 w-0", "ready:x offers worker w-0"},
		{"HINCRBY profile_count x 1", "counted are"},
		{"DEL profiles", "has live workers and is not known"},
		{"SADD cancels:WORKER assigned", "names task assigned, which nobody asked it to stop"},
		{"DEL cancels:WORKER", "task stopping is running and was canceled"},
		{"DEL purges", "is not among the purges"},
		{"RPUSH purge:1 x", "nobody looks at purge:1"},
	} {
		c, worker := newCell(t, url)
		must(t, corrupt(t.Context(), c, worker, tc.do))
		census, err := harness.TakeCensus(t.Context(), c)
		must(t, err)
		if faults := strings.Join(census.Faults(), "\n"); !strings.Contains(faults, tc.want) {
			t.Errorf("after %s the faults are\n%s\nwant one with %q", tc.do, faults, tc.want)
		}
	}
}

// corrupt sends a command whose second word, and third of an LMOVE, is a key without its prefix.
func corrupt(ctx context.Context, c *queue.Client, worker, command string) error {
	words := strings.Fields(strings.ReplaceAll(command, "WORKER", worker))
	args := make([]any, len(words))
	for i, word := range words {
		if i == 1 || words[0] == "LMOVE" && i == 2 {
			word = c.Keys().Prefix() + word
		}
		args[i] = word
	}
	return c.Redis().Do(ctx, args...).Err()
}
