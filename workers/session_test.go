package workers_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
	"github.com/xuniquepatel/queue-pilot/workers"
)

func TestATurnStartsTheOldestAndRecordsEachEnd(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 9, "echo")
		submit(t, c, some(7, "t", queue.Task{})...)
		leases := start(t, w, 5)
		expectCell(t, cell(t, c, w), "processing:w: t0 t1 t2 t3 t4 t5 t6", "default|S=7", "default|r=5", "default|a=2")
		kinds := []workers.Kind{workers.Complete, workers.Retry, workers.Fail, workers.Release, workers.Cancel}
		var reports []workers.Report
		for i, l := range leases {
			reports = append(reports, ended(l, kinds[i]))
		}
		reports[1].Delay = time.Hour
		verdicts, _, err := w.Turn(t.Context(), reports, 0)
		must(t, err)
		for i, v := range verdicts {
			if v != workers.Recorded {
				t.Errorf("report %d: %v", i, v)
			}
		}
		expectCell(t, cell(t, c, w), "tasks_completed: t0", "tasks_retry: t1", "tasks_failed: t2", "task_queue:default: t3",
			"tasks_canceled: t4", "processing:w: t5 t6", "default|S=7", "default|a=2", "default|c=1", "default|C=1",
			"default|f=1", "default|F=1", "default|x=1", "default|X=1", "default|y=1", "default|R=1", "default|p=1")
		for id, want := range map[string]string{"t0": "1 ok", "t1": "1 error", "t2": "1 error", "t3": "1 released", "t4": "1 canceled", "t5": ""} {
			if got := outcomes(t, c, id); got != want {
				t.Errorf("attempts of %s: %s; want %s", id, got, want)
			}
		}
		if got := get(t, c, "t0"); string(got.Result) != `"r"` || got.Error != "" || got.Reason != "" || got.FinishedAt.IsZero() {
			t.Errorf("t0: %+v", got)
		}
		if got := get(t, c, "t2"); got.Reason != queue.ReasonNoRetry || got.Error != "why" || got.Attempt != 1 {
			t.Errorf("t2: %+v", got)
		}
	})
}

func TestTheReportOfALostWorkerIsRefusedWhole(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 2, "echo")
		submit(t, c, some(2, "t", queue.Task{})...)
		leases := start(t, w, 2)
		lose(t, c, w.ID())
		before := cell(t, c)
		for name, late := range map[string]func() error{
			"turn":      func() error { _, _, err := w.Turn(t.Context(), []workers.Report{done(leases[0])}, 2); return err },
			"adopt":     func() error { _, _, err := w.Adopt(t.Context(), []workers.Report{done(leases[1])}); return err },
			"heartbeat": func() error { _, err := w.Heartbeat(t.Context(), 2); return err },
			"drain":     func() error { _, err := w.Drain(t.Context()); return err },
		} {
			if err := late(); !errors.Is(err, workers.ErrLeaseLost) {
				t.Errorf("%s by a lost worker gives %v", name, err)
			}
		}
		if left, err := w.Leave(t.Context()); !left || err != nil {
			t.Errorf("leave by a lost worker: %v, %v", left, err)
		}
		expectCell(t, cell(t, c), before...)
		expectCell(t, before, "task_queue:default: t0 t1", "default|S=2", "default|p=2")
	})
}

func TestOnlyTheAttemptThatRunsOnItIsAWorkersToEnd(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w, other := register(t, c, "w", 1, "echo"), register(t, c, "other", 1, "mail")
		submit(t, c, queue.Task{ID: "a"}, queue.Task{ID: "waits"})
		lease := start(t, w, 1)[0]
		before := cell(t, c)
		for name, tc := range map[string]struct {
			by *workers.Session
			r  workers.Report
		}{
			"another worker":     {other, done(lease)},
			"an older attempt":   {w, workers.Report{TaskID: "a", Attempt: 0, Kind: workers.Complete}},
			"a later attempt":    {w, workers.Report{TaskID: "a", Attempt: 2, Kind: workers.Complete}},
			"a pending task":     {w, workers.Report{TaskID: "waits", Attempt: 1, Kind: workers.Complete}},
			"a task of nobody's": {w, workers.Report{TaskID: "none", Attempt: 1, Kind: workers.Complete}},
		} {
			for _, tc.r.Queue = range []string{"", queue.DefaultQueue} { // by itself, and in a group
				if v := report(t, tc.by, tc.r); v != workers.Refused {
					t.Errorf("the report of %s, queue %q: %d; want refused", name, tc.r.Queue, v)
				}
			}
		}
		expectCell(t, cell(t, c), before...)
		if v := report(t, w, done(lease)); v != workers.Recorded {
			t.Errorf("its own report: %d", v)
		}
	})
}

func TestAReportSentAgainIsRecordedOnce(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		for _, kind := range []workers.Kind{workers.Complete, workers.Retry, workers.Fail, workers.Release, workers.Cancel} {
			w := register(t, c, "w", 1, "echo")
			id := submit(t, c, queue.Task{})[0]
			leases := start(t, w, 1)
			r := ended(leases[0], kind)
			r.Delay = time.Hour
			verdicts, _, err := w.Turn(t.Context(), []workers.Report{r, r}, 0) // even in one batch
			must(t, err)
			if verdicts[0] != workers.Recorded || verdicts[1] == workers.Recorded {
				t.Errorf("%s twice in one turn: %v", kind, verdicts)
			}
			after, attempts := cell(t, c), outcomes(t, c, id)
			for range 2 {
				if v := report(t, w, r); v != workers.RecordedBefore {
					t.Errorf("%s sent again: %d; want recorded before", kind, v)
				}
			}
			if expectCell(t, cell(t, c), after...); outcomes(t, c, id) != attempts {
				t.Errorf("%s sent again: attempts %s; were %s", kind, outcomes(t, c, id), attempts)
			}
			if kind == workers.Release {
				_, err := c.Cancel(t.Context(), id)
				must(t, err)
			}
			_, err = w.Leave(t.Context())
			must(t, err)
		}
	})
}

func TestAReportSentAgainIsKnownAlsoOfATaskThatWasCanceled(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 1, "echo")
		for _, kind := range []workers.Kind{workers.Complete, workers.Retry, workers.Fail, workers.Release, workers.Cancel} {
			for _, first := range []string{"cancel", "report"} {
				submit(t, c, queue.Task{ID: string(kind) + first})
				r := ended(start(t, w, 1)[0], kind)
				if r.Delay = time.Hour; first == "report" {
					report(t, w, r)
				}
				askToStop(t, c, r.TaskID)
				if first == "cancel" {
					report(t, w, r)
				}
				if v := report(t, w, r); v != workers.RecordedBefore {
					t.Errorf("%s, with the %s first, sent again: %d; want recorded before", kind, first, v)
				}
			}
		}
	})
}

// askToStop cancels a task without waiting for its handler, which is none.
func askToStop(t *testing.T, c *queue.Client, id string) {
	t.Helper()
	ctx, end := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer end()
	if _, err := c.Cancel(ctx, id); err != nil && ctx.Err() == nil && !errors.Is(err, queue.ErrState) {
		t.Fatal(err)
	}
}

func TestAdoptTellsWhatRunsAlreadyAndStartsNothing(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 3, "echo")
		large := `"` + strings.Repeat("x", 5000) + `"`
		submit(t, c, queue.Task{ID: "a"}, queue.Task{ID: "b", Payload: []byte(large)}, queue.Task{ID: "c"})
		leases := start(t, w, 2) // the reply of which is lost
		verdicts, adopted, err := w.Adopt(t.Context(), []workers.Report{done(leases[0])})
		must(t, err)
		if len(verdicts) != 1 || verdicts[0] != workers.Recorded || len(adopted) != 1 || adopted[0].ID != "b" ||
			adopted[0].Attempt != 1 || adopted[0].WorkerID != w.ID() || string(adopted[0].Payload) != large {
			t.Errorf("got %v and %+v; want the report recorded, and b", verdicts, adopted)
		}
		expectCell(t, cell(t, c, w), "processing:w: b c", "tasks_completed: a", "default|S=3", "default|a=1", "default|r=1", "default|c=1", "default|C=1")
	})
}

func TestAWorkerLeavesOnlyWhenNothingRunsOnIt(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 2, "echo")
		submit(t, c, some(2, "t", queue.Task{})...)
		lease := start(t, w, 1)[0]
		if left, err := w.Leave(t.Context()); left || err != nil {
			t.Fatalf("it left with a task running: %v, %v", left, err)
		}
		expectCell(t, cell(t, c, w), "processing:w: t0", "task_queue:default: t1", "default|S=2", "default|r=1", "default|p=1")
		report(t, w, ended(lease, workers.Release))
		for range 2 { // again, should the reply be lost
			if left, err := w.Leave(t.Context()); !left || err != nil {
				t.Fatalf("it did not leave: %v, %v", left, err)
			}
		}
		expectCell(t, cell(t, c, w), "task_queue:default: t0 t1", "default|S=2", "default|p=2")
		for _, key := range c.Redis().Keys(t.Context(), c.Keys().Prefix()+"*").Val() {
			if strings.Contains(key, w.ID()) && key != c.Keys().WorkerStatus(w.ID()) || strings.Contains(key, ":ready:") || strings.Contains(key, "profile") {
				t.Errorf("%s is left behind", key)
			}
		}
	})
}

func TestAHeartbeatTellsWhatToCancelAndToDrain(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 2, "echo")
		submit(t, c, queue.Task{ID: "a"})
		lease := start(t, w, 1)[0]
		orders, err := w.Heartbeat(t.Context(), 2)
		if err != nil || orders.Drain || len(orders.Cancel) > 0 {
			t.Errorf("at first: %+v, %v", orders, err)
		}
		asked := make(chan *queue.Task, 1)
		go func() {
			task, _ := c.Cancel(t.Context(), "a")
			asked <- task
		}()
		eventually(t, "the heartbeat says so", func() bool {
			orders, err = w.Heartbeat(t.Context(), 2)
			return err == nil && len(orders.Cancel) == 1 && orders.Cancel[0] == "a"
		})
		must(t, workers.Drain(t.Context(), c, w.ID()))
		if orders, err = w.Heartbeat(t.Context(), 2); err != nil || !orders.Drain {
			t.Errorf("after Drain: %+v, %v", orders, err)
		}
		report(t, w, done(lease)) // whatever it says: it was canceled
		if task := receive(t, asked, "Cancel returns"); task == nil || task.State != queue.Canceled || task.Reason != queue.ReasonCanceled {
			t.Errorf("Cancel returned %+v", task)
		}
		if orders, err = w.Heartbeat(t.Context(), 2); err != nil || len(orders.Cancel) > 0 {
			t.Errorf("after the end: %+v, %v", orders, err)
		}
		if err := workers.Drain(t.Context(), c, "nobody"); !errors.Is(err, queue.ErrNotFound) {
			t.Errorf("drain of nobody: %v", err)
		}
	})
}

func TestWhatEndedIsRecordedAlthoughNothingCanBeAssigned(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 9, "echo")
		submit(t, c, some(3, "t", queue.Task{})...)
		leases, lanes := start(t, w, 2), c.Keys().Lanes("broken")
		must(t, c.Redis().Set(t.Context(), lanes, "no set", 0).Err())
		must(t, c.Redis().SAdd(t.Context(), c.Keys().Backlog(), "broken").Err())
		must(t, c.Redis().Del(t.Context(), c.Keys().Lanes("default")).Err())
		reports := []workers.Report{done(leases[0]), ended(leases[1], workers.Fail)}
		for range 2 { // the second time they are recorded before
			if _, _, err := w.Turn(t.Context(), reports, 5); err == nil || !strings.Contains(err.Error(), "WRONGTYPE") {
				t.Fatalf("the turn's error is %v", err)
			}
		}
		must(t, c.Redis().Del(t.Context(), lanes, c.Keys().Backlog()).Err())
		expectCell(t, cell(t, c, w), "tasks_completed: t0", "tasks_failed: t1", "processing:w: t2", "default|S=3", "default|r=1",
			"default|c=1", "default|C=1", "default|f=1", "default|F=1")
		verdicts, _, err := w.Turn(t.Context(), reports, 0)
		if err != nil || !slices.Equal(verdicts, []workers.Verdict{workers.RecordedBefore, workers.RecordedBefore}) {
			t.Errorf("sent again: %v, %v", verdicts, err)
		}
	})
}

func TestATurnThatFreesSlotsIsGivenAsMuchAsItsLoadSays(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		a := register(t, c, "a", 10, "echo")
		submit(t, c, some(10, "a", queue.Task{})...)
		ofA := start(t, a, 10)
		b := register(t, c, "b", 10, "echo")
		submit(t, c, some(10, "b", queue.Task{})...)
		ofB := start(t, b, 10)
		submit(t, c, some(10, "x", queue.Task{})...)
		all := func(leases []*queue.Task) (reports []workers.Report) {
			for _, l := range leases {
				reports = append(reports, done(l))
			}
			return reports
		}
		_, _, err := b.Turn(t.Context(), all(ofB[:5]), 0) // it may be given five, and takes none
		must(t, err)
		_, got, err := a.Turn(t.Context(), all(ofA), 10)
		if must(t, err); len(got) < 7 {
			t.Errorf("a worker that ended all of its ten was given %d of ten tasks, beside one with five free slots", len(got))
		}
	})
}

func TestARefusalByRedisKeepsItsName(t *testing.T) {
	c := open(t, redistest.New(t).URL())
	submit(t, c, some(3, "t", queue.Task{})...)
	w := register(t, c, "w", 9, "echo")
	must(t, c.Redis().Do(t.Context(), "REPLICAOF", "127.0.0.1", "1").Err())
	_, _, err := w.Turn(t.Context(), nil, 5)
	must(t, c.Redis().Do(t.Context(), "REPLICAOF", "NO", "ONE").Err())
	if !redis.IsReadOnlyError(err) {
		t.Errorf("a turn at a replica: %v", err)
	}
}

func TestAWorkerWithoutARecordIsToldWhatItReportedAndGetsNothing(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 2, "echo")
		submit(t, c, some(3, "t", queue.Task{})...)
		leases := start(t, w, 1)
		must(t, c.Redis().Del(t.Context(), c.Keys().WorkerStatus(w.ID())).Err())
		verdicts, got, err := w.Turn(t.Context(), []workers.Report{done(leases[0])}, 2)
		if err != nil || verdicts[0] != workers.Recorded || len(got) != 0 {
			t.Errorf("%v, %d tasks, %v", verdicts, len(got), err)
		}
		if n := c.Redis().Exists(t.Context(), c.Keys().WorkerStatus(w.ID())).Val(); n != 0 || get(t, c, leases[0].ID).State != queue.Completed {
			t.Errorf("the record exists: %d; the task is %s", n, get(t, c, leases[0].ID).State)
		}
	})
}

func TestAnUnreadableStateKeepsNoWorkerFromAdoptingTheOthers(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 4, "echo")
		submit(t, c, some(4, "t", queue.Task{})...)
		start(t, w, 4)
		must(t, c.Redis().HSet(t.Context(), c.Keys().States(), "t1", "r|garbage", "t2", "r|5000000000|0|w|0|1|1|0|0||").Err())
		_, got, err := w.Adopt(t.Context(), nil)
		if err == nil || !strings.Contains(err.Error(), "t2") { // t1 is left out by the script, t2 by who reads what it says
			t.Errorf("the error is %v; want one that names t2", err)
		}
		if len(got) != 2 || got[0].ID != "t0" || got[1].ID != "t3" {
			t.Errorf("adopted %v", got)
		}
	})
}
