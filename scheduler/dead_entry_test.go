package scheduler_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// A task that was deleted deep inside a long lane leaves a dead entry there, which must not come back to life when its
// id is pending again.
func TestADeadEntryStaysDeadWhenItsIDComesAgain(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		lane, others := c.Keys().TaskQueue("default", "5"), numbered("other", 20_000)
		submit(t, c, queue.Task{ID: "first"})
		must(t, c.Redis().RPush(t.Context(), lane, others...).Err())
		submit(t, c, some(3, "t", queue.Task{})...)
		must(t, c.Redis().RPush(t.Context(), lane, others...).Err())
		must(t, c.Delete(t.Context(), "first"))
		must(t, c.Delete(t.Context(), "t1"))
		must(t, c.Redis().LTrim(t.Context(), lane, 20_000, 20_002).Err())
		if got := c.Redis().LRange(t.Context(), lane, 0, -1).Val(); !slices.Equal(got, []string{"t0", "t1", "t2"}) {
			t.Fatalf("the lane holds %v; want t1 as a dead entry, too deep for its deletion to find it", got)
		}
		submit(t, c, queue.Task{ID: "t1", Queue: "mail"})
		w := register(t, c, "w", 10, nil, "echo")
		must(t, newScheduler(c).Schedule(t.Context()))
		if got := held(t, c, w); len(got) != 3 {
			t.Errorf("the worker holds %v; want t0, t2 and t1 once", got)
		}
		expectCounts(t, c, "mail", "S=1 a=1")
		ids, _ := turn(t, w, 10)
		if len(ids) != 3 {
			t.Errorf("started %v; want each once", ids)
		}
		expectCounts(t, c, "default", "D=2 S=4 r=2")
		expectCounts(t, c, "mail", "S=1 r=1")
	})
}

// numbered are ids that no task has.
func numbered(name string, n int) []any {
	ids := make([]any, n)
	for i := range ids {
		ids[i] = fmt.Sprint(name, i)
	}
	return ids
}

func TestManyDeadEntriesAreDroppedALittleAtATime(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "a"})
		lane := c.Keys().TaskQueue("default", "5")
		must(t, c.Redis().LPush(t.Context(), lane, numbered("dead", 5000)...).Err())
		register(t, c, "w", 1, nil, "echo")
		s := newScheduler(c)
		must(t, s.Schedule(t.Context()))
		if n := c.Redis().LLen(t.Context(), lane).Val(); n < 2500 {
			t.Errorf("one script dropped %d entries; want about 2,000 at most", 5001-n)
		}
		eventually(t, "the task behind them is assigned", func() bool {
			must(t, s.Schedule(t.Context()))
			return get(t, c, "a").State == queue.Assigned
		})
	})
}
