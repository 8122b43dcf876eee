package scheduler_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/scheduler"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// age makes the finished tasks look as if they had ended long ago, and their purge lists as well.
func age(t *testing.T, c *queue.Client, by time.Duration, ids ...string) {
	t.Helper()
	for _, id := range ids {
		old := backdate(t, c, id, finishedField, by)
		index := c.Keys().Index(get(t, c, id).State)
		must(t, c.Redis().ZAdd(t.Context(), index, redis.Z{Score: float64(old.UnixMilli()), Member: id}).Err())
	}
	purges := c.Keys().Prefix() + "purges"
	for _, minute := range c.Redis().ZRange(t.Context(), purges, 0, -1).Val() {
		var n int64
		_, err := fmt.Sscan(minute, &n)
		must(t, err)
		to := fmt.Sprint(n - int64(by/time.Minute))
		must(t, c.Redis().Rename(t.Context(), c.Keys().Prefix()+"purge:"+minute, c.Keys().Prefix()+"purge:"+to).Err())
		must(t, c.Redis().ZRem(t.Context(), purges, minute).Err())
		must(t, c.Redis().ZAdd(t.Context(), purges, redis.Z{Score: float64(n - int64(by/time.Minute)), Member: to}).Err())
	}
}

// end submits tasks and ends each: completed, or failed where its type is "fail".
func end(t *testing.T, c *queue.Client, w *workers.Session, tasks ...queue.Task) {
	t.Helper()
	for _, task := range tasks {
		id := submit(t, c, task)[0]
		_, leases := turn(t, w, 1)
		r := workers.Report{TaskID: id, Attempt: leases[0].Attempt, Kind: workers.Complete, Outcome: queue.OutcomeOK, Result: `"r"`}
		if task.Type == "fail" {
			r.Kind, r.Reason, r.Outcome, r.Result = workers.Fail, queue.ReasonNoRetry, queue.OutcomeError, ""
		}
		verdicts, _, err := w.Turn(t.Context(), []workers.Report{r}, 0)
		must(t, err)
		if verdicts[0] != workers.Recorded {
			t.Fatalf("the end of %s was not recorded", id)
		}
	}
}

func kept(t *testing.T, c *queue.Client) []string {
	t.Helper()
	ids := c.Redis().HKeys(t.Context(), c.Keys().Tasks()).Val()
	slices.Sort(ids)
	return ids
}

func TestFinalTasksGoWhenTheirRetentionIsOver(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 1, nil, "echo", "fail")
		end(t, c, w, queue.Task{ID: "done"}, queue.Task{ID: "long", Retention: 300 * time.Hour}, queue.Task{ID: "failed", Type: "fail"},
			queue.Task{ID: "failed-short", Type: "fail", Retention: time.Minute})
		s := newScheduler(c)
		purge := func(passed time.Duration, want string) {
			t.Helper()
			age(t, c, passed, kept(t, c)...)
			must(t, s.Purge(t.Context()))
			expectIDs(t, fmt.Sprintf("kept %v later", passed), kept(t, c), want)
		}
		purge(0, "done failed failed-short long")
		purge(3*time.Minute, "done failed long")
		purge(time.Hour, "failed long")
		purge(7*24*time.Hour, "long")
		expectCounts(t, c, "default", "C=2 D=3 F=2 S=4 c=1")
		purge(300*time.Hour, "")
		expectCounts(t, c, "default", "C=2 D=4 F=2 S=4")
		for _, key := range c.Redis().Keys(t.Context(), c.Keys().Prefix()+"*").Val() {
			switch name := key[len(c.Keys().Prefix()):]; name {
			case "tasks", "state", "results", "attempts", "payloads", "tasks_completed", "tasks_failed", "purges":
				t.Errorf("%s is left", name)
			}
		}
	})
}

func TestARedrivenTaskIsNotPurgedByItsFirstEnd(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 1, nil, "fail")
		end(t, c, w, queue.Task{ID: "a", Type: "fail", Retention: time.Hour}, queue.Task{ID: "b", Type: "fail", Retention: time.Hour})
		age(t, c, 50*time.Minute, "a", "b")
		for _, id := range []string{"a", "b"} {
			_, err := c.Redrive(t.Context(), id)
			must(t, err)
		}
		_, leases := turn(t, w, 1)
		turn(t, w, 0, leases...) // a completes; b is assigned or pending
		s := newScheduler(c)
		age(t, c, 20*time.Minute, "a") // the first end's hour is over, the second's is not
		must(t, s.Purge(t.Context()))
		expectIDs(t, "kept", kept(t, c), "a b")
		age(t, c, 60*time.Minute, "a")
		must(t, s.Purge(t.Context()))
		expectIDs(t, "kept after the second hour", kept(t, c), "b")
	})
}

func TestNoMoreCompletedTasksAreKeptThanWanted(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 1, nil, "echo", "fail")
		for i := range 5 {
			end(t, c, w, queue.Task{ID: fmt.Sprint("c", i)}, queue.Task{ID: fmt.Sprint("f", i), Type: "fail"})
		}
		for i := range 5 { // of one millisecond the order would be by id anyway
			must(t, c.Redis().ZAdd(t.Context(), c.Keys().Index(queue.Completed), redis.Z{Score: float64(100 - i), Member: fmt.Sprint("c", i)}).Err())
		}
		must(t, scheduler.New(c, scheduler.Config{MaxCompleted: 2, Log: quiet}).Purge(t.Context()))
		expectIDs(t, "kept", kept(t, c), "c0 c1 f0 f1 f2 f3 f4")
		expectCounts(t, c, "default", "C=5 D=3 F=5 S=10 c=2 f=5")
	})
}
