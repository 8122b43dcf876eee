package monitor_test

import (
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
)

func TestAPendingTaskSaysWhyItWaits(t *testing.T) {
	worker := func(state queue.WorkerState, queues map[string]int, running int, types ...string) queue.Worker {
		return queue.Worker{State: state, Slots: 2, Running: running, Queues: queues, Types: types}
	}
	all, due := map[string]int{"*": 1}, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		snap   monitor.Snapshot
		state  queue.State
		phrase string // "" for no sentence at all
	}{
		{"scheduled", monitor.Snapshot{}, queue.Scheduled, "It is scheduled for 2026-11-23 12:00:00 UTC."},
		{"backing off", monitor.Snapshot{}, queue.Retry, "Attempt 2 of 5 failed; it backs off until 2026-11-23 12:00:00 UTC."},
		{"due, and taken by nobody", monitor.Snapshot{At: queue.Time{Time: due.Add(4 * time.Second)}}, queue.Scheduled, "no scheduler has put it"},
		{"its wait is over, and it is taken by nobody", monitor.Snapshot{At: queue.Time{Time: due.Add(4 * time.Second)}}, queue.Retry, "no scheduler"},
		{"due this moment", monitor.Snapshot{At: queue.Time{Time: due.Add(time.Second)}}, queue.Scheduled, "It is scheduled for"},
		{"paused", monitor.Snapshot{Queues: []queue.Queue{{Name: "q", Paused: true}}}, queue.Pending, "is paused"},
		{"no worker", monitor.Snapshot{}, queue.Pending, "No worker is running"},
		{"lost and draining ones do not count", monitor.Snapshot{Workers: []queue.Worker{
			worker(queue.WorkerLost, all, 0, "mail"), worker(queue.WorkerDraining, all, 0, "mail"),
		}}, queue.Pending, "No worker is running"},
		{"other queue", monitor.Snapshot{Workers: []queue.Worker{
			worker(queue.WorkerReady, map[string]int{"other": 1}, 0, "mail"),
		}}, queue.Pending, "No worker is listening on queue q"},
		{"other type", monitor.Snapshot{Workers: []queue.Worker{worker(queue.WorkerReady, all, 0, "echo")}}, queue.Pending, "handles the type mail"},
		{"busy", monitor.Snapshot{Workers: []queue.Worker{worker(queue.WorkerReady, all, 2, "mail")}}, queue.Pending, "All 2 slots"},
		{"about to go", monitor.Snapshot{Workers: []queue.Worker{worker(queue.WorkerReady, all, 1, "mail")}}, queue.Pending, ""},
		{"not pending", monitor.Snapshot{}, queue.Running, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.snap.Why(&queue.Task{
				Queue: "q", Type: "mail", State: c.state, Attempt: 2, MaxAttempts: 5, RunAt: due,
			}, monitor.Line{})
			if !strings.Contains(got, c.phrase) || (c.phrase == "") != (got == "") {
				t.Errorf("got %q; want a sentence with %q", got, c.phrase)
			}
		})
	}
}

func TestATaskInLineSaysItsPlaceAndWhenItMayStart(t *testing.T) {
	snap := func(running int) *monitor.Snapshot {
		return &monitor.Snapshot{Workers: []queue.Worker{
			{State: queue.WorkerReady, Slots: 8, Running: running, Queues: map[string]int{"*": 1}, Types: []string{"mail"}},
		}}
	}
	at := func(place int64, slow, fast float64) monitor.Line {
		return monitor.Line{Place: queue.Place{At: place}, Slow: slow, Fast: fast}
	}
	const busy = "All 8 slots of the workers for it are busy"
	for _, c := range []struct {
		name    string
		running int
		line    monitor.Line
		want    string
	}{
		{"nothing known", 8, monitor.Line{}, busy + "."},
		{"no rate", 8, at(1204, 0, 0), busy + ": it is at about place 1,204."},
		{"minutes", 8, at(1204, 6.5, 8), busy + ": it is at about place 1,204 and may start in 2 to 4 min."},
		{"seconds", 8, at(30, 1, 1), busy + ": it is at about place 30 and may start in 24 to 38 s."},
		{"soon", 8, at(1, 2, 2), busy + ": it is at about place 1 and may start within 1 s."},
		{"hours", 8, at(19_000, 1, 1), busy + ": it is at about place 19,000 and may start in 4 to 7 h."},
		{"days", 8, at(19_000, 0.1, 0.1), busy + ": it is at about place 19,000 and may start in 1 to 3 d."},
		{"deep", 8, monitor.Line{Place: queue.Place{Deep: true}, Slow: 1, Fast: 1}, busy + ": it is behind more than 20,000 others."},
		{"a slot is free for a moment", 7, at(1204, 0, 0), "It is at about place 1,204."},
		{"its turn", 7, at(1, 1, 1), ""},
	} {
		if got := snap(c.running).Why(&queue.Task{Queue: "q", Type: "mail", State: queue.Pending}, c.line); got != c.want {
			t.Errorf("%s: got %q; want %q", c.name, got, c.want)
		}
	}
}
