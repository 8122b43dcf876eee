package monitor_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// The neighbour began before the poison each time, as a long task beside one that takes its worker down at once.
func TestOfTheTasksOnALostWorkerTheOneThatStartedLastIsPoison(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "neighbour", MaxAttempts: 10}, queue.Task{ID: "poison", MaxAttempts: 10})
		m := newMonitor(c)
		for i := range queue.MaxLosses {
			w := register(t, c, fmt.Sprint("w", i), 2, nil, "echo")
			for _, id := range []string{"neighbour", "poison"} {
				_, err := c.RunNow(t.Context(), id) // it may have been set apart
				must(t, err)
				nextMillisecond(t, c)
				if ids, _ := turn(t, w, 1); !slices.Equal(ids, []string{id}) {
					t.Fatalf("worker %d starts %v; want %s", i, ids, id)
				}
			}
			silent(t, c, w)
			must(t, m.Reclaim(t.Context()))
		}
		if got := get(t, c, "poison"); got.State != queue.Failed || got.Reason != queue.ReasonWorkerLost || got.Losses != queue.MaxLosses {
			t.Errorf("the poison: %+v; want failed with its third worker", got)
		}
		if got := get(t, c, "neighbour"); got.State.Final() || got.Losses != queue.MaxLosses {
			t.Errorf("the neighbour: %+v; want it to wait for another worker", got)
		}
	})
}

// nextMillisecond returns in another millisecond of Redis's clock than it was called in.
func nextMillisecond(t *testing.T, c *queue.Client) {
	t.Helper()
	var began time.Time
	eventually(t, "the clock goes on", func() bool {
		now, err := c.Redis().Time(t.Context()).Result()
		must(t, err)
		if began.IsZero() {
			began = now
		}
		return now.UnixMilli() > began.UnixMilli()
	})
}
