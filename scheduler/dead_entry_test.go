package scheduler_test

import (
	"fmt"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// A task that was deleted deep inside a long lane leaves a dead entry there, which must not come back to life when its
// id is pending again.
func TestADeadEntryStaysDeadWhenItsIDComesAgain(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, some(40_010, "t", queue.Task{})...)
		must(t, c.Delete(t.Context(), "t20004"))
		lane := c.Keys().TaskQueue("default", "5")
		must(t, c.Redis().LTrim(t.Context(), lane, 20_003, 20_005).Err()) // what stands around it
		must(t, c.Redis().HSet(t.Context(), c.Keys().Counts(), "default|p", 2).Err())
		submit(t, c, queue.Task{ID: "t20004", Queue: "mail"})
		w := register(t, c, "w", 10, nil, "echo")
		must(t, newScheduler(c).Schedule(t.Context()))
		if got := held(t, c, w); len(got) != 3 {
			t.Errorf("the worker holds %v; want t20003, t20005 and t20004 once", got)
		}
		expectCounts(t, c, "mail", "S=1 a=1")
		ids, _ := turn(t, w, 10)
		if len(ids) != 3 {
			t.Errorf("started %v; want each once", ids)
		}
		expectCounts(t, c, "default", "D=1 S=40010 r=2")
		expectCounts(t, c, "mail", "S=1 r=1")
	})
}

func TestManyDeadEntriesAreDroppedALittleAtATime(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "a"})
		lane := c.Keys().TaskQueue("default", "5")
		dead := make([]any, 5000)
		for i := range dead {
			dead[i] = fmt.Sprint("dead", i)
		}
		must(t, c.Redis().LPush(t.Context(), lane, dead...).Err())
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
