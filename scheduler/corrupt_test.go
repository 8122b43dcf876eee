package scheduler_test

import (
	"testing"

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
