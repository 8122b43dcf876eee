package scheduler_test

import (
	"context"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

func TestWhatIsDueIsPromotedInTheOrderOfItsTime(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "c", Delay: 3 * time.Millisecond}, queue.Task{ID: "b", Delay: 2 * time.Millisecond},
			queue.Task{ID: "a", Delay: time.Millisecond}, queue.Task{ID: "far", Delay: time.Hour})
		due := get(t, c, "c").RunAt
		s := newScheduler(c)
		eventually(t, "Redis's clock passes the last due time", func() bool {
			now, err := c.Redis().Time(t.Context()).Result()
			must(t, err)
			return now.After(due)
		})
		must(t, s.Schedule(t.Context()))
		expectIDs(t, "the lane", list(t, c, c.Keys().TaskQueue("default", "5")), "a b c")
		expectCounts(t, c, "default", "S=4 p=3 s=1")
		if got := get(t, c, "a"); got.State != queue.Pending || got.Attempt != 0 {
			t.Errorf("a is %s at attempt %d", got.State, got.Attempt)
		}
	})
}

func TestARetryIsPromotedWithItsAttempts(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 1, nil, "echo")
		submit(t, c, queue.Task{ID: "a"})
		_, leases := turn(t, w, 1)
		_, _, err := w.Turn(t.Context(), []workers.Report{{TaskID: "a", Attempt: 1, Kind: workers.Retry, Outcome: queue.OutcomeError, Error: "e"}}, 0)
		must(t, err)
		expectCounts(t, c, "default", "R=1 S=1 y=1")
		must(t, newScheduler(c).Schedule(t.Context()))
		if got := get(t, c, "a"); got.State != queue.Assigned || got.Attempt != 1 || got.Error != "e" {
			t.Errorf("got %+v after %v; want it assigned, with one attempt spent", got, leases)
		}
		ids, leases := turn(t, w, 1)
		if expectIDs(t, "started", ids, "a"); leases[0].Attempt != 2 {
			t.Errorf("attempt %d starts; want 2", leases[0].Attempt)
		}
	})
}

func TestADelayedTaskIsAssignedWithinAFractionOfASecondAfterItsTime(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- newScheduler(c).Run(ctx) }()
		register(t, c, "w", 9, nil, "echo")
		delays := map[string]time.Duration{"a": 300 * time.Millisecond, "b": 330 * time.Millisecond}
		submit(t, c, queue.Task{ID: "a", Delay: delays["a"]}, queue.Task{ID: "b", Delay: delays["b"]})
		for id, delay := range delays {
			due := get(t, c, id).CreatedAt.Add(delay)
			eventually(t, id+" is assigned", func() bool { return get(t, c, id).State == queue.Assigned })
			late := get(t, c, id).AssignedAt.Sub(due)
			if late < 0 || late > 2*time.Second { // a few ms on an idle machine
				t.Errorf("%s was assigned %v after its time", id, late)
			}
			t.Logf("%s was assigned %v after its time", id, late)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
}

func TestASchedulerIsWokenForAnEarlierTask(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "late", Delay: time.Hour})
		c.Redis().Del(t.Context(), c.Keys().Wake())
		submit(t, c, queue.Task{ID: "later", Delay: 2 * time.Hour})
		if n := c.Redis().LLen(t.Context(), c.Keys().Wake()).Val(); n != 0 {
			t.Error("a task behind others wakes the scheduler")
		}
		for _, id := range []string{"soon", "sooner"} {
			submit(t, c, queue.Task{ID: id, Delay: time.Minute - time.Duration(len(id))*time.Second})
			if n := c.Redis().LLen(t.Context(), c.Keys().Wake()).Val(); n != 1 {
				t.Errorf("%d tokens after %s; want 1", n, id)
			}
		}
	})
}
