package monitor_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// One of several tasks on a worker that dies again and again is poison, and nobody can tell which.
func TestSuspectsOfPoisonAreSetApart(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, some(3, "t", queue.Task{MaxAttempts: 10})...)
		m := newMonitor(c)
		for i := range queue.MaxLosses - 1 {
			w := register(t, c, fmt.Sprint("w", i), 3, nil, "echo")
			if ids, _ := turn(t, w, 3); len(ids) != 3 {
				t.Fatalf("worker %d starts %v", i, ids)
			}
			silent(t, c, w)
			must(t, m.Reclaim(t.Context()))
		}
		expectIDs(t, "the lane", list(t, c, c.Keys().TaskQueue("default", "5")), "t0")
		expectCounts(t, c, "default", "S=3 p=1 y=2")
		now := time.Now()
		for i, id := range []string{"t1", "t2"} {
			got, apart := get(t, c, id), time.Duration(i+1)*2*lease
			if early := now.Add(apart - time.Minute); got.State != queue.Retry || got.RunAt.Before(early) {
				t.Errorf("%s: %+v; want retry in about %v", id, got, apart)
			}
		}
	})
}
