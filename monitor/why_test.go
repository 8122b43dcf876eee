package monitor_test

import (
	"strings"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
)

func TestAPendingTaskSaysWhyItWaits(t *testing.T) {
	worker := func(state queue.WorkerState, queues map[string]int, running int, types ...string) queue.Worker {
		return queue.Worker{State: state, Slots: 2, Running: running, Queues: queues, Types: types}
	}
	all := map[string]int{"*": 1}
	for _, c := range []struct {
		name   string
		snap   monitor.Snapshot
		state  queue.State
		phrase string // "" for no sentence at all
	}{
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
			got := c.snap.Why(&queue.Task{Queue: "q", Type: "mail", State: c.state})
			if !strings.Contains(got, c.phrase) || (c.phrase == "") != (got == "") {
				t.Errorf("got %q; want a sentence with %q", got, c.phrase)
			}
		})
	}
}
