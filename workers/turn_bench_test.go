package workers_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// BenchmarkTurn records outcomes and starts as many tasks of a backlog, in one round trip.
func BenchmarkTurn(b *testing.B) {
	for _, n := range []int{1, 16, 256} {
		b.Run(fmt.Sprint("outcomes=", n), func(b *testing.B) {
			c := queue.New(redistest.Open(b, redistest.Server(b)))
			s, err := workers.Register(b.Context(), c, workers.Config{Slots: n, Log: quiet}, []string{"noop"})
			if err != nil {
				b.Fatal(err)
			}
			backlog(b, c, 2*n)
			running := turn(b, s, nil, n)
			b.ReportAllocs()
			for b.Loop() {
				running = turn(b, s, running, n)
				b.StopTimer()
				backlog(b, c, n)
				b.StartTimer()
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "tasks/s")
		})
	}
}

func backlog(b *testing.B, c *queue.Client, n int) {
	b.Helper()
	tasks := make([]queue.Task, n)
	for i := range tasks {
		tasks[i] = queue.Task{Type: "noop", Payload: []byte(`"` + strings.Repeat("x", 126) + `"`)}
	}
	if _, err := c.Submit(b.Context(), tasks...); err != nil {
		b.Fatal(err)
	}
}

// turn records that all that runs has completed, and returns the n tasks that run now.
func turn(b *testing.B, s *workers.Session, running []*queue.Task, n int) []*queue.Task {
	b.Helper()
	reports := make([]workers.Report, len(running))
	for i, t := range running {
		reports[i] = done(t)
	}
	_, leases, err := s.Turn(b.Context(), reports, n)
	if err != nil || len(leases) != n {
		b.Fatalf("%d tasks started, %v; want %d", len(leases), err, n)
	}
	return leases
}
