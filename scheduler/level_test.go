package scheduler_test

import (
	"slices"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// stale makes what a worker was assigned look as old as the time in which it should have been started.
func stale(t *testing.T, c *queue.Client, ids ...string) {
	t.Helper()
	for _, id := range ids {
		backdate(t, c, id, assignedField, 2*time.Minute)
	}
}

// fresh makes it look as if it had been assigned just now, however slow the test is.
func fresh(t *testing.T, c *queue.Client, ids ...string) {
	t.Helper()
	for _, id := range ids {
		backdate(t, c, id, assignedField, -time.Minute)
	}
}

func TestUnstartedWorkOfAFrozenWorkerGoesToAnIdleOneAndNotBack(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		frozen := register(t, c, "frozen", 3, nil, "echo")
		ids := submit(t, c, some(3, "t", queue.Task{})...)
		idle := register(t, c, "idle", 2, nil, "echo")
		s := newScheduler(c)
		fresh(t, c, ids...)
		must(t, s.Level(t.Context()))
		expectIDs(t, "on the frozen one, in time", held(t, c, frozen), "t0 t1 t2")

		stale(t, c, ids...)
		must(t, s.Level(t.Context()))
		expectIDs(t, "on the frozen one", held(t, c, frozen), "")
		expectIDs(t, "on the idle one", held(t, c, idle), "t0 t1")
		expectIDs(t, "the lane", list(t, c, c.Keys().TaskQueue("default", "5")), "t2")
		must(t, s.Schedule(t.Context()))
		submit(t, c, queue.Task{ID: "new"})
		expectIDs(t, "on the frozen one, which shows no sign of life", held(t, c, frozen), "")

		_, err := frozen.Heartbeat(t.Context(), 3)
		must(t, err)
		must(t, s.Schedule(t.Context()))
		expectIDs(t, "on it after a heartbeat", held(t, c, frozen), "t2 new")
		expectCounts(t, c, "default", "S=4 a=4")
	})
}

func TestLevelTakesBackOnlyWhatAnotherWorkerCouldStart(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		frozen := register(t, c, "frozen", 9, nil, "echo", "rare")
		ids := submit(t, c, queue.Task{ID: "a"}, queue.Task{ID: "r", Type: "rare"}, queue.Task{ID: "b"}, queue.Task{ID: "m", Queue: "mail"})
		slices.Sort(ids)
		idle := register(t, c, "idle", 9, map[string]int{"default": 1}, "echo")
		stale(t, c, ids...)
		must(t, newScheduler(c).Level(t.Context()))
		kept := held(t, c, frozen)
		slices.Sort(kept)
		expectIDs(t, "on the frozen one", kept, "m r")
		expectIDs(t, "on the idle one", held(t, c, idle), "a b")
		expectCounts(t, c, "default", "S=3 a=3")
		expectCounts(t, c, "mail", "S=1 a=1")
	})
}

func TestLevelLeavesRunningTasksAndALoneWorkerAlone(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 4, nil, "echo")
		submit(t, c, some(4, "t", queue.Task{})...)
		turn(t, w, 2)
		stale(t, c, "t2", "t3")
		s := newScheduler(c)
		must(t, s.Level(t.Context()))
		expectIDs(t, "alone", held(t, c, w), "t0 t1 t2 t3")
		other := register(t, c, "other", 4, nil, "echo")
		must(t, s.Level(t.Context()))
		expectIDs(t, "with another", held(t, c, w), "t0 t1")
		expectIDs(t, "on the other", held(t, c, other), "t2 t3")
		expectCounts(t, c, "default", "S=4 a=2 r=2")
	})
}

func TestASmallerWorkerGivesBackWhatItCannotStart(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 4, nil, "echo")
		submit(t, c, some(4, "t", queue.Task{})...)
		turn(t, w, 1)
		fresh(t, c, "t1", "t2", "t3")
		_, err := w.Heartbeat(t.Context(), 2) // two of its slots are taken by handlers that do not return
		must(t, err)
		other := register(t, c, "other", 1, nil, "echo")
		must(t, newScheduler(c).Level(t.Context()))
		expectIDs(t, "on the smaller one", held(t, c, w), "t0 t1")
		expectIDs(t, "on the other", held(t, c, other), "t2")
		expectIDs(t, "the lane", list(t, c, c.Keys().TaskQueue("default", "5")), "t3")
	})
}
