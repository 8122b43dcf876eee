package scheduler_test

import (
	"fmt"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

func TestTasksGoToTheLeastLoadedWorker(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		for _, call := range []int{1, 10} { // one by one, and in one call
			must(t, c.Redis().FlushAll(t.Context()).Err())
			var sessions []*workers.Session
			for _, slots := range []int{1, 2, 4, 8} {
				sessions = append(sessions, register(t, c, fmt.Sprint("w", slots), slots, nil, "echo"))
			}
			for range 10 / call {
				submit(t, c, make([]queue.Task, call)...)
			}
			for i, slots := range []int{1, 2, 4, 8} {
				// The load before counts, not the load with it: small workers are given more at first.
				n, fair := float64(len(held(t, c, sessions[i]))), 10*float64(slots)/15
				if n < fair-2 || n > fair+2 {
					t.Errorf("%d a call: the worker with %d slots holds %v of 10 tasks; want %.1f, give or take two", call, slots, n, fair)
				}
			}
			submit(t, c, some(20, "rest", queue.Task{})...)
			for i, slots := range []int{1, 2, 4, 8} {
				if n := len(held(t, c, sessions[i])); n != slots {
					t.Errorf("the worker with %d slots holds %d tasks of a backlog", slots, n)
				}
			}
			expectCounts(t, c, "default", "S=30 a=15 p=15")
		}
	})
}

func TestQueuesShareAWorkerByTheirWeights(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		must(t, c.Pause(t.Context(), "default"))
		must(t, c.Pause(t.Context(), "critical"))
		submit(t, c, some(400, "d", queue.Task{})...)
		submit(t, c, some(400, "c", queue.Task{Queue: "critical"})...)
		register(t, c, "w", 300, map[string]int{"default": 1, "critical": 5}, "echo")
		must(t, c.Resume(t.Context(), "default"))
		must(t, c.Resume(t.Context(), "critical"))
		s := newScheduler(c)
		for range 3 {
			must(t, s.Schedule(t.Context()))
		}
		if got := 400 - len(list(t, c, c.Keys().TaskQueue("critical", "5"))); got < 200 || got > 290 { // 250 of 300 on average, standard deviation 6.5
			t.Errorf("of 300 tasks %d are of the queue with weight 5 of 6; want about 250", got)
		}
	})
}

func TestAPriorityIsStrictAndFirstInIsFirstOut(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		for i := range 3 {
			for _, p := range []int{5, 0, 9} {
				submit(t, c, queue.Task{ID: fmt.Sprintf("p%d-%d", p, i), Priority: queue.NewPriority(p)})
			}
		}
		w := register(t, c, "w", 100, nil, "echo")
		ids, _ := turn(t, w, 100)
		expectIDs(t, "started", ids, "p9-0 p9-1 p9-2 p5-0 p5-1 p5-2 p0-0 p0-1 p0-2")
		expectCounts(t, c, "default", "S=9 r=9")
	})
}

func TestATypeThatNobodyHandlesHoldsUpNobodyAndRunsLaterInOrder(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 3, nil, "echo")
		submit(t, c, some(300, "x", queue.Task{Type: "rare"})...) // more than assign sets aside at once
		submit(t, c, some(2, "y", queue.Task{Type: "rarer"})...)
		submit(t, c, queue.Task{ID: "e0"}, queue.Task{ID: "x-urgent", Type: "rare", Priority: queue.NewPriority(9)}, queue.Task{ID: "e1"})
		must(t, newScheduler(c).Schedule(t.Context()))
		ids, leases := turn(t, w, 3)
		expectIDs(t, "started by who handles echo only", ids, "e0 e1")
		submit(t, c, queue.Task{ID: "x-new", Type: "rare"}, queue.Task{ID: "y-new", Type: "rarer"})
		turn(t, w, 3, leases...)

		both := register(t, c, "both", 400, nil, "rare", "rarer")
		var all []string
		for range 4 {
			ids, _ := turn(t, both, 400)
			all = append(all, ids...)
		}
		want := "x-urgent"
		for i := range 300 {
			want += fmt.Sprint(" x", i)
		}
		expectIDs(t, "started later", all, want+" y0 y1 x-new y-new")
		expectCounts(t, c, "default", "C=2 S=307 c=2 r=305")
	})
}

func TestAWorkerGetsTasksOfItsQueuesOnly(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		mail := register(t, c, "mail", 9, map[string]int{"mail": 1}, "echo")
		submit(t, c, queue.Task{ID: "a"}, queue.Task{ID: "b", Queue: "mail"}, queue.Task{ID: "c", Queue: "else"})
		expectIDs(t, "on the worker of mail", held(t, c, mail), "b")
		all := register(t, c, "all", 9, map[string]int{"*": 1, "else": 3}, "echo")
		must(t, newScheduler(c).Schedule(t.Context()))
		if got := len(held(t, c, all)); got != 2 {
			t.Errorf("the worker of all others holds %d; want 2", got)
		}
	})
}

func TestADrainingWorkerGetsNothingMore(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 5, nil, "echo")
		submit(t, c, some(3, "t", queue.Task{})...)
		n, err := w.Drain(t.Context())
		must(t, err)
		submit(t, c, queue.Task{ID: "new"})
		_, err = w.Heartbeat(t.Context(), 5)
		must(t, err)
		must(t, newScheduler(c).Schedule(t.Context()))
		if held := held(t, c, w); n != 3 || len(held) > 0 {
			t.Errorf("%d were given back and %v are held; want 3 and none", n, held)
		}
		expectIDs(t, "the lane", list(t, c, c.Keys().TaskQueue("default", "5")), "t0 t1 t2 new")
		expectCounts(t, c, "default", "S=4 p=4")
	})
}

func TestWhatIsReleasedGoesBackToTheHeadInOrder(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 3, nil, "echo")
		submit(t, c, some(5, "t", queue.Task{})...)
		_, leases := turn(t, w, 3)
		var reports []workers.Report
		for _, l := range leases {
			reports = append(reports, workers.Report{TaskID: l.ID, Attempt: l.Attempt, Kind: workers.Release, Outcome: queue.OutcomeReleased})
		}
		_, _, err := w.Turn(t.Context(), reports, 0)
		must(t, err)
		expectIDs(t, "the lane", list(t, c, c.Keys().TaskQueue("default", "5")), "t0 t1 t2 t3 t4")
		expectCounts(t, c, "default", "S=5 p=5")
	})
}
