package monitor_test

import (
	"fmt"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// BenchmarkSnapshot reads a busy cell: each worker runs ten tasks, and ten times as many wait in ten queues.
func BenchmarkSnapshot(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint("workers=", n), func(b *testing.B) {
			c := queue.New(redistest.Open(b, redistest.Server(b)))
			keepBusy(b, c, n, 10)
			b.ReportAllocs()
			for b.Loop() {
				s, err := monitor.ReadSnapshot(b.Context(), c)
				if err != nil || s.Totals.Running != int64(10*n) || len(s.Workers) != n {
					b.Fatalf("%+v, %v; want %d tasks running on %d workers", s.Totals, err, 10*n, n)
				}
			}
		})
	}
}

func keepBusy(b *testing.B, c *queue.Client, crowd, slots int) {
	b.Helper()
	tasks := some(11*crowd*slots, "t", queue.Task{})
	for i := range tasks {
		tasks[i].Queue = fmt.Sprint("q", i%10)
	}
	if _, err := c.Submit(b.Context(), tasks...); err != nil {
		b.Fatal(err)
	}
	for i := range crowd { // each takes all it can before the next one comes
		s, err := workers.Register(b.Context(), c, workers.Config{Name: fmt.Sprint("w", i), Slots: slots}, []string{queue.DefaultType})
		if err == nil {
			_, _, err = s.Turn(b.Context(), nil, slots)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
