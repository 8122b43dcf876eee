package scheduler_test

import (
	"context"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// go-redis's BLPop would round the wait for a token up to a whole second.
func TestASchedulerStopsWithinHalfASecond(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- newScheduler(c).Run(ctx) }()
		eventually(t, "it blocks on its token", func() bool {
			must(t, c.Redis().RPush(t.Context(), c.Keys().Wake(), "1").Err())
			eventually(t, "the token is taken", func() bool { return c.Redis().LLen(t.Context(), c.Keys().Wake()).Val() == 0 })
			return true
		})
		cancel()
		began := time.Now()
		must(t, <-ended)
		if took := time.Since(began); took > 500*time.Millisecond {
			t.Errorf("it stopped %v after its context", took)
		}
	})
}
