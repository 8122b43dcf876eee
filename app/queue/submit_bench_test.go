package queue_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

// BenchmarkSubmit puts tasks of 128 bytes on a queue that nobody works on: one a call, and as many as one script takes.
func BenchmarkSubmit(b *testing.B) {
	c := queue.New(redistest.Open(b, redistest.Server(b)))
	for _, n := range []int{1, 250} {
		b.Run(fmt.Sprint("batch=", n), func(b *testing.B) {
			tasks := make([]queue.Task, n)
			for i := range tasks {
				tasks[i] = queue.Task{Type: "noop", Payload: []byte(`"` + strings.Repeat("x", 126) + `"`)}
			}
			b.ReportAllocs()
			for b.Loop() {
				answers, err := c.Submit(b.Context(), tasks...)
				if err != nil || answers[n-1].Status != queue.Created {
					b.Fatal(err, answers)
				}
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "tasks/s")
		})
	}
}
