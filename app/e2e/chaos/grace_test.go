package chaos

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

// TestRow10WhoComesBack: after an outage the monitor is the first to reach Redis, and finds a heartbeat that is older
// than a lease.
func TestRow10WhoComesBackLaterThanTheMonitorIsNotLost(t *testing.T) {
	row(t, 10, "Redis away for 3 leases: stopped, and frozen", func(f *fault) {
		redis := redistest.New(f)
		proxy := harness.NewProxy(f, redis.Addr())
		var held atomic.Bool
		proxy.Decide(func(string) harness.Fate {
			if held.Load() {
				return harness.CutBefore
			}
			return harness.Pass
		})
		s := newSite(f, harness.Setup{Redis: redis, Address: func(process string) string {
			if process == "late" {
				return proxy.URL()
			}
			return ""
		}})
		late := s.worker("late", 4)
		s.submit(gated("T0", "gate", "", ""))
		s.UntilState("running", "T0")
		before := late.WorkerID()
		s.untilLooked(0) // a monitor that never looked before does not know that it is late

		held.Store(true)
		redis.Stop()
		f.pass(3 * lease() / 2)
		back := time.Now().UnixMilli()
		redis.Start()
		s.untilLooked(back)
		held.Store(false)
		s.gates.Open(f, "go")
		s.drain()
		s.noneLost([]string{"T0"})
		if lost := s.verify(1, 4).LostWorkers(); len(lost) > 0 || late.WorkerID() != before {
			f.Errorf("%v were lost, and %s is now %s; want that it lives on", lost, before, late.WorkerID())
		}
	})
}

// untilLooked waits until a monitor has looked for lost workers, at the given moment (ms since the epoch) or later.
func (s *site) untilLooked(since int64) {
	s.f.Helper()
	harness.Until(s.f, "a monitor looks", func() error {
		at, err := s.rdb().HGet(s.f.Context(), s.client.Keys().Meta(), "monitor").Int64()
		if err == nil && at < since {
			err = errors.New("not yet")
		}
		return err
	})
}
