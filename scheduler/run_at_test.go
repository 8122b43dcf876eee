package scheduler_test

import (
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// A task that is taken back waits since it became due, not since its submit.
func TestATaskKeepsItsRunAtWhenItIsAssigned(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 1, nil, "echo")
		submit(t, c, queue.Task{ID: "a", Delay: time.Millisecond})
		due := get(t, c, "a").RunAt
		s := newScheduler(c)
		eventually(t, "it is assigned", func() bool {
			must(t, s.Schedule(t.Context()))
			return get(t, c, "a").State == queue.Assigned
		})
		if got := get(t, c, "a").RunAt; !got.Equal(due) {
			t.Errorf("assigned: run_at is %v; was %v", got, due)
		}
		turn(t, w, 1)
		if got := get(t, c, "a").RunAt; !got.Equal(due) {
			t.Errorf("running: run_at is %v; was %v", got, due)
		}
	})
}
