package scheduler_test

import (
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

func TestTiesAreBrokenAtRandom(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		a := register(t, c, "a", 1, nil, "echo")
		register(t, c, "b", 1, nil, "echo")
		first := 0
		const rounds = 200
		for range rounds {
			id := submit(t, c, queue.Task{})[0]
			if get(t, c, id).WorkerID == a.ID() {
				first++
			}
			if _, err := c.Cancel(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		if first < 50 || first > rounds-50 { // 100 on average: beyond these once in 10^12
			t.Errorf("of %d tasks %d went to one of two equal workers", rounds, first)
		}
	})
}
