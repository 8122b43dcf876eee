package queue_test

import (
	"errors"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

func TestAPausedQueueKeepsItsTasksAndOthersGoOn(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		seat(t, c, "w", 50, "echo")
		for range 2 { // twice is harmless
			if err := c.Pause(t.Context(), "slow"); err != nil {
				t.Fatal(err)
			}
		}
		submit(t, c, queue.Task{ID: "a", Queue: "slow"}, queue.Task{ID: "b"}, queue.Task{ID: "c", Queue: "slow"})
		expectCell(t, c, "processing:w: b", "task_queue:slow: a c", "default|a=1", "default|S=1", "slow|p=2", "slow|S=2")
		for range 2 {
			if err := c.Resume(t.Context(), "slow"); err != nil {
				t.Fatal(err)
			}
		}
		if n := c.Redis().LLen(t.Context(), c.Keys().Wake()).Val(); n != 1 {
			t.Errorf("%d tokens wake the scheduler after the pause; want 1", n)
		}
		for range 40 { // each assigns one, of either queue
			submit(t, c, queue.Task{})
		}
		if got := get(t, c, "a"); got.State != queue.Assigned {
			t.Errorf("after the pause a is %s; want assigned", got.State)
		}
	})
}

func TestOnlyAQueuesNameCanBePaused(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		for _, name := range []string{"", "a b", "*"} {
			var wrong *queue.InvalidError
			if err := c.Pause(t.Context(), name); !errors.As(err, &wrong) || wrong.Field != "queue" {
				t.Errorf("pause %q: %v", name, err)
			}
			if err := c.Resume(t.Context(), name); !errors.As(err, &wrong) || wrong.Field != "queue" {
				t.Errorf("resume %q: %v", name, err)
			}
		}
	})
}
