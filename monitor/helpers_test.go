package monitor_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/queue/queuetest"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/workers"
	"github.com/xuniquepatel/queue-pilot/workers/workerstest"
)

var (
	each, get, submit, some = queuetest.Each, queuetest.Get, queuetest.Submit, queuetest.Some
	list, expectIDs         = queuetest.List, queuetest.ExpectIDs
	counts, expectCounts    = queuetest.Counts, queuetest.ExpectCounts
	outcomes                = queuetest.Outcomes
	register, turn, held    = workerstest.Register, workerstest.Turn, workerstest.Held
	must, eventually        = redistest.Must, redistest.Eventually
)

// lease is so long that workers are lost by the test's word only: see silent.
const lease = time.Hour

var quiet = slog.New(slog.DiscardHandler)

func newMonitor(c *queue.Client) *monitor.Monitor {
	return monitor.New(c, monitor.Config{WorkerTimeout: lease, Log: quiet})
}

const patience = 20 * time.Second

// silent makes the workers look as if they had not beaten for two leases.
func silent(t *testing.T, c *queue.Client, sessions ...*workers.Session) {
	t.Helper()
	for i, s := range sessions {
		now, err := c.Redis().Time(t.Context()).Result()
		must(t, err)
		at := now.Add(-2*lease + time.Duration(i)*time.Second) // the first one for the longest
		must(t, c.Redis().ZAdd(t.Context(), c.Keys().Workers(), redis.Z{Score: float64(at.UnixMilli()), Member: s.ID()}).Err())
	}
}

func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v, open := <-from:
		if !open {
			t.Fatalf("the channel closed: %s", what)
		}
		return v
	case <-time.After(patience):
		t.Fatalf("not within %v: %s", patience, what)
		panic("unreachable")
	}
}

func ms(at time.Time) string { return fmt.Sprint(at.UnixMilli()) }
