package scheduler

import (
	"fmt"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

// BenchmarkPromote moves what is due to its queue, a full batch at a time and none at all, while 10,000 others are not due.
func BenchmarkPromote(b *testing.B) {
	for _, n := range []int{0, batch} {
		b.Run(fmt.Sprint("due=", n), func(b *testing.B) {
			s := New(queue.New(redistest.Open(b, redistest.Server(b))), Config{})
			delay(b, s.client, 10_000, time.Hour)
			due := func() {
				delay(b, s.client, n, time.Millisecond)
				redistest.Eventually(b, "they are due", func() bool { return isDue(b, s.client, n) })
			}
			due()
			b.ReportAllocs()
			for b.Loop() {
				moved, err := s.promote(b.Context())
				if err != nil || moved != int64(n) {
					b.Fatalf("%d promoted, %v; want %d", moved, err, n)
				}
				if n > 0 {
					b.StopTimer()
					due()
					b.StartTimer()
				}
			}
		})
	}
}

// isDue tells whether n tasks are due, by Redis's clock.
func isDue(b *testing.B, c *queue.Client, n int) bool {
	b.Helper()
	now, err := c.Redis().Time(b.Context()).Result()
	if err != nil {
		b.Fatal(err)
	}
	due, err := c.Redis().ZCount(b.Context(), c.Keys().Index(queue.Scheduled), "-inf", fmt.Sprint(now.UnixMilli())).Result()
	if err != nil {
		b.Fatal(err)
	}
	return due == int64(n)
}

func delay(b *testing.B, c *queue.Client, n int, by time.Duration) {
	b.Helper()
	tasks := make([]queue.Task, n)
	for i := range tasks {
		tasks[i] = queue.Task{Payload: []byte(`"x"`), Delay: by}
	}
	if _, err := c.Submit(b.Context(), tasks...); err != nil {
		b.Fatal(err)
	}
}
