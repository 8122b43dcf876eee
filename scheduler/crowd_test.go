package scheduler_test

import (
	"fmt"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

func TestACrowdOfWorkersIsServedALittleAtATimeAndFairly(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		const n, atOnce = 160, 64
		var crowd []*workers.Session
		for i := range n {
			crowd = append(crowd, register(t, c, fmt.Sprint("w", i), 2, nil, "echo"))
		}
		must(t, c.Redis().Del(t.Context(), c.Keys().Wake()).Err())
		submit(t, c, some(n, "t", queue.Task{})...)
		expectCounts(t, c, "default", fmt.Sprintf("S=%d a=%d p=%d", n, atOnce, n-atOnce))
		if tokens := c.Redis().LLen(t.Context(), c.Keys().Wake()).Val(); tokens != 1 {
			t.Errorf("%d tokens for the scheduler; want 1", tokens)
		}
		for range 2 { // 64 more, and the rest
			must(t, newScheduler(c).Schedule(t.Context()))
		}
		expectCounts(t, c, "default", fmt.Sprintf("S=%d a=%d", n, n))
		for _, w := range crowd {
			if held := held(t, c, w); len(held) != 1 {
				t.Errorf("%s holds %v; want one task", w.ID(), held)
			}
		}
	})
}
