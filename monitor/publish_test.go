package monitor_test

import (
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
)

func TestSeveralMonitorsPublishAtMostTenASecond(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		got := monitor.Subscribe(t.Context(), c)
		for range 3 {
			run(t, newMonitor(c))
		}
		var seen []*monitor.Snapshot
		for end := time.After(3 * time.Second); ; {
			select {
			case s := <-got:
				seen = append(seen, s)
				continue
			case <-end:
			default:
				submit(t, c, queue.Task{})
				continue
			}
			break
		}
		span := seen[len(seen)-1].At.Sub(seen[0].At.Time).Seconds()
		if rate := float64(len(seen)-1) / span; rate > 10.2 { // Redis's own clock, to the millisecond
			t.Errorf("%.1f snapshots a second; want at most 10", rate)
		}
	})
}

// The one that published just before the change may die: others then do not rely on it.
func TestAChangeRightAfterAnothersLastSnapshotIsPublishedSoon(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		got := monitor.Subscribe(t.Context(), c)
		run(t, newMonitor(c))
		receive(t, got, "a first snapshot")
		for quiet := false; !quiet; {
			select {
			case <-got:
			case <-time.After(500 * time.Millisecond):
				quiet = true
			}
		}
		must(t, c.Redis().HDel(t.Context(), c.Keys().Meta(), "dirty").Err())
		now, err := c.Redis().Time(t.Context()).Result()
		must(t, err)
		must(t, c.Redis().HSet(t.Context(), c.Keys().Meta(), "snapshot", now.UnixMilli()).Err()) // another one's, the moment before
		began := time.Now()
		submit(t, c, queue.Task{})
		receive(t, got, "a snapshot with the change")
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("published %v after the submit", took)
		}
	})
}

func TestAnUnreadableRecordDoesNotKeepOtherLostWorkersTasks(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		a := register(t, c, "a", 2, nil, "echo")
		submit(t, c, queue.Task{ID: "bad"}, queue.Task{ID: "good"})
		turn(t, a, 2)
		b := register(t, c, "b", 1, nil, "echo")
		submit(t, c, queue.Task{ID: "other"})
		turn(t, b, 1)
		must(t, c.Redis().HSet(t.Context(), c.Keys().Tasks(), "bad", "garbage").Err())
		silent(t, c, a, b)
		err := newMonitor(c).Reclaim(t.Context())
		if g, o := get(t, c, "good").State, get(t, c, "other").State; err != nil || g != queue.Pending || o != queue.Pending {
			t.Errorf("Reclaim: %v; good is %s and other is %s; want both pending", err, g, o)
		}
		if _, err := monitor.ReadSnapshot(t.Context(), c); err != nil {
			t.Errorf("snapshot: %v", err)
		}
	})
}
