package monitor_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
)

func TestTheAuditRequeuesATaskWhoseWorkerVanished(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 2, nil, "echo")
		submit(t, c, some(2, "t", queue.Task{})...)
		turn(t, w, 1)
		for _, key := range []string{c.Keys().Workers(), c.Keys().Processing(w.ID()), c.Keys().WorkerStatus(w.ID())} {
			must(t, c.Redis().Del(t.Context(), key).Err()) // by hand
		}
		var log bytes.Buffer
		m := monitor.New(c, monitor.Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
		must(t, m.Audit(t.Context()))
		expectCounts(t, c, "default", "S=2 p=2")
		if n := len(list(t, c, c.Keys().TaskQueue("default", "5"))); n != 2 {
			t.Errorf("%d tasks are pending; want 2", n)
		}
		if got := get(t, c, "t0"); got.State != queue.Pending || got.Attempt != 1 || got.Losses != 1 || outcomes(t, c, "t0") != "1 lost" {
			t.Errorf("t0: %+v, attempts %s", got, outcomes(t, c, "t0"))
		}
		if got := get(t, c, "t1"); got.State != queue.Pending || got.Attempt != 0 || outcomes(t, c, "t1") != "" {
			t.Errorf("t1: %+v", got)
		}
		if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), "t0") {
			t.Errorf("it logged %s", &log)
		}
		log.Reset()
		must(t, m.Audit(t.Context()))
		if log.Len() > 0 {
			t.Errorf("the second audit found something: %s", &log)
		}
	})
}

func TestTheAuditEndsWhatWasCanceledOrHasNoAttemptLeft(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 2, nil, "echo")
		submit(t, c, queue.Task{ID: "stopped"}, queue.Task{ID: "last", MaxAttempts: 1})
		turn(t, w, 2)
		_, err := c.Cancel(t.Context(), "stopped")
		must(t, err)
		must(t, c.Redis().Del(t.Context(), c.Keys().Processing(w.ID())).Err()) // by hand
		must(t, newMonitor(c).Audit(t.Context()))
		if got := get(t, c, "stopped"); got.State != queue.Canceled || outcomes(t, c, "stopped") != "1 lost" {
			t.Errorf("the canceled one: %s, attempts %s", got.State, outcomes(t, c, "stopped"))
		}
		if got := get(t, c, "last"); got.State != queue.Failed || got.Reason != queue.ReasonAttemptsExhausted {
			t.Errorf("the one without attempts: %s, %s", got.State, got.Reason)
		}
		expectCounts(t, c, "default", "F=1 S=2 X=1 f=1 x=1")
	})
}

func TestTheAuditPutsATaskBackOnTheSetThatItsStateNames(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "later", Delay: time.Hour}, queue.Task{ID: "a"})
		_, err := c.Cancel(t.Context(), "a")
		must(t, err)
		for _, s := range []queue.State{queue.Scheduled, queue.Canceled} {
			must(t, c.Redis().Del(t.Context(), c.Keys().Index(s)).Err()) // by hand
		}
		must(t, newMonitor(c).Audit(t.Context()))
		due := c.Redis().ZScore(t.Context(), c.Keys().Index(queue.Scheduled), "later").Val()
		end := c.Redis().ZScore(t.Context(), c.Keys().Index(queue.Canceled), "a").Val()
		if int64(due) != get(t, c, "later").RunAt.UnixMilli() || int64(end) != get(t, c, "a").FinishedAt.UnixMilli() {
			t.Errorf("put back at %v and %v", due, end)
		}
		expectCounts(t, c, "default", "S=2 X=1 s=1 x=1")
	})
}

func TestTheAuditLeavesAHealthyCellAlone(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 3, nil, "echo")
		submit(t, c, some(5, "t", queue.Task{})...)
		_, leases := turn(t, w, 2)
		turn(t, w, 0, leases[0])
		submit(t, c, some(600, "s", queue.Task{Delay: time.Hour})...) // more than one slice
		before := counts(t, c, "default")
		m := newMonitor(c)
		for range 5 {
			must(t, m.Audit(t.Context()))
		}
		expectCounts(t, c, "default", before)
		if n := c.Redis().LLen(t.Context(), c.Keys().Wake()).Val(); n > 1 {
			t.Errorf("%d tokens", n)
		}
	})
}
