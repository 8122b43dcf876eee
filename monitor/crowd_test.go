package monitor_test

import (
	"fmt"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
)

func TestASnapshotOfManyWorkersShowsFewerTasksOfEach(t *testing.T) {
	for _, crowd := range []struct{ workers, runs, shown int }{{3, 25, 20}, {100, 12, 10}} {
		each(t, func(t *testing.T, c *queue.Client) {
			submit(t, c, some(crowd.workers*crowd.runs, "t", queue.Task{})...)
			for i := range crowd.workers {
				turn(t, register(t, c, fmt.Sprint("w", i), crowd.runs, nil, "echo"), crowd.runs)
			}
			snapshot, err := monitor.ReadSnapshot(t.Context(), c)
			must(t, err)
			for _, w := range snapshot.Workers {
				if len(w.CurrentTasks) != crowd.shown || w.Running != crowd.runs {
					t.Fatalf("of %d workers %s runs %d tasks and shows %d; want %d", crowd.workers, w.ID, w.Running, len(w.CurrentTasks), crowd.shown)
				}
			}
		})
	}
}
