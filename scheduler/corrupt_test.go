package scheduler_test

import (
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// Assign takes up to 64 ids off a lane before it reads their records: an error between the two would lose them all.
func TestAnUnreadableStateRecordLosesNoOtherTask(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, some(20, "t", queue.Task{})...)
		must(t, c.Redis().HSet(t.Context(), c.Keys().States(), "t1", "p|garbage").Err())
		register(t, c, "w", 10, nil, "echo")
		s := newScheduler(c)
		first, second := s.Schedule(t.Context()), s.Schedule(t.Context())
		n := len(list(t, c, c.Keys().TaskQueue("default", "5")))
		ids, _ := c.Redis().Keys(t.Context(), c.Keys().Prefix()+"processing:*").Result()
		for _, key := range ids {
			n += len(list(t, c, key))
		}
		if first != nil || second != nil || n < 19 {
			t.Errorf("Schedule: %v, then %v; %d of 20 tasks stand somewhere", first, second, n)
		}
	})
}

func TestAnUnreadableRecordIsPutAsideAndCountedThoughNothingElseMoves(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "waits"}, queue.Task{ID: "sleeps", Delay: time.Millisecond})
		for _, id := range []string{"waits", "sleeps"} {
			must(t, c.Redis().HSet(t.Context(), c.Keys().States(), id, "s|garbage").Err())
		}
		register(t, c, "w", 10, nil, "echo")
		s := newScheduler(c)
		eventually(t, "both are put aside", func() bool {
			must(t, s.Schedule(t.Context()))
			return len(list(t, c, c.Keys().Prefix()+"unreadable")) == 2
		})
		expectCounts(t, c, "default", "S=2 U=2")
	})
}
