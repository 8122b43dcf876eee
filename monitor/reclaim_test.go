package monitor_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/workers"
)

func TestReclaimReturnsTheWholeListInOrderToTheHead(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 5, nil, "echo")
		submit(t, c, some(4, "t", queue.Task{})...)
		submit(t, c, queue.Task{ID: "urgent", Priority: queue.NewPriority(9)})
		submit(t, c, some(2, "waits", queue.Task{})...)
		turn(t, w, 2)
		silent(t, c, w)
		m := newMonitor(c)
		must(t, m.Reclaim(t.Context()))
		expectIDs(t, "the lane", list(t, c, c.Keys().TaskQueue("default", "5")), "t0 t1 t2 t3 waits0 waits1")
		expectIDs(t, "the urgent lane", list(t, c, c.Keys().TaskQueue("default", "9")), "urgent")
		expectIDs(t, "the lost worker's list", held(t, c, w), "")
		expectCounts(t, c, "default", "S=7 p=7")
		for id, want := range map[string]string{"t0": "1 lost", "t1": "1 lost", "t2": "", "t3": "", "urgent": ""} {
			got := get(t, c, id)
			spent := len(want) / len("1 lost")
			if got.State != queue.Pending || got.Attempt != spent || got.Losses != spent || outcomes(t, c, id) != want {
				t.Errorf("%s: %+v, attempts %s; want %s", id, got, outcomes(t, c, id), want)
			}
		}
		status := c.Redis().HGetAll(t.Context(), c.Keys().WorkerStatus(w.ID())).Val()
		if status["state"] != "lost" || status["requeued"] != "5" || status["assigned"] != "0" || status["running"] != "0" {
			t.Errorf("the worker's record: %v", status)
		}
		if n := c.Redis().LLen(t.Context(), c.Keys().Wake()).Val(); n != 1 {
			t.Errorf("%d tokens for the scheduler; want 1", n)
		}
		must(t, m.Reclaim(t.Context()))
		expectCounts(t, c, "default", "S=7 p=7")
	})
}

func TestEverySilentWorkerIsLostAndOneThatBeatsIsNot(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		var sessions []*workers.Session
		for i := range 4 {
			sessions = append(sessions, register(t, c, fmt.Sprint("w", i), 2, nil, "echo"))
		}
		submit(t, c, some(8, "t", queue.Task{})...)
		silent(t, c, sessions...)
		_, err := sessions[1].Heartbeat(t.Context(), 2) // in the last moment
		must(t, err)
		must(t, newMonitor(c).Reclaim(t.Context()))
		if live := c.Redis().ZRange(t.Context(), c.Keys().Workers(), 0, -1).Val(); len(live) != 1 || live[0] != sessions[1].ID() {
			t.Errorf("live are %v; want %s", live, sessions[1].ID())
		}
		if n := len(held(t, c, sessions[1])); n != 2 {
			t.Errorf("it holds %d tasks; want its 2", n)
		}
		expectCounts(t, c, "default", "S=8 a=2 p=6")
	})
}

func TestATaskThatLostThreeWorkersIsPoison(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "a", MaxAttempts: 10})
		m := newMonitor(c)
		for i := range queue.MaxLosses {
			w := register(t, c, fmt.Sprint("w", i), 1, nil, "echo")
			if ids, _ := turn(t, w, 1); len(ids) != 1 {
				t.Fatalf("worker %d starts %v", i, ids)
			}
			silent(t, c, w)
			must(t, m.Reclaim(t.Context()))
		}
		got := get(t, c, "a")
		if got.State != queue.Failed || got.Reason != queue.ReasonWorkerLost || got.Losses != 3 || outcomes(t, c, "a") != "1 lost, 2 lost, 3 lost" {
			t.Errorf("got %+v, attempts %s", got, outcomes(t, c, "a"))
		}
		expectCounts(t, c, "default", "F=1 S=1 f=1")
	})
}

func TestALostTaskWithoutAttemptsLeftFails(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 2, nil, "echo")
		submit(t, c, queue.Task{ID: "a", MaxAttempts: 1}, queue.Task{ID: "b", MaxAttempts: 1})
		turn(t, w, 1) // b is assigned only
		silent(t, c, w)
		must(t, newMonitor(c).Reclaim(t.Context()))
		if got := get(t, c, "a"); got.State != queue.Failed || got.Reason != queue.ReasonAttemptsExhausted || got.Error == "" {
			t.Errorf("a: %+v", got)
		}
		if got := get(t, c, "b"); got.State != queue.Pending || got.Attempt != 0 {
			t.Errorf("b: %+v", got)
		}
		expectCounts(t, c, "default", "F=1 S=2 f=1 p=1")
	})
}

func TestATaskThatWasToBeCanceledIsCanceledWithItsLostWorker(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 1, nil, "echo")
		submit(t, c, queue.Task{ID: "a"})
		turn(t, w, 1)
		asked, err := c.Cancel(t.Context(), "a") // waits a second for its handler
		must(t, err)
		if !asked.CancelRequested {
			t.Fatalf("got %+v", asked)
		}
		silent(t, c, w)
		must(t, newMonitor(c).Reclaim(t.Context()))
		if got := get(t, c, "a"); got.State != queue.Canceled || got.Reason != queue.ReasonCanceled || got.CancelRequested || outcomes(t, c, "a") != "1 lost" {
			t.Errorf("got %+v, attempts %s", got, outcomes(t, c, "a"))
		}
		expectCounts(t, c, "default", "S=1 X=1 x=1")
		if n := c.Redis().Exists(t.Context(), c.Keys().Prefix()+"cancels:"+w.ID(), c.Keys().Inbox(w.ID())).Val(); n != 0 {
			t.Error("the lost worker's cancels or inbox are left")
		}
	})
}

func TestAfterATimeInWhichNobodyLookedEveryoneHasOneMoreLease(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 1, nil, "echo")
		submit(t, c, queue.Task{ID: "a"})
		m := newMonitor(c)
		must(t, m.Reclaim(t.Context())) // somebody looked
		silent(t, c, w)
		now, err := c.Redis().Time(t.Context()).Result()
		must(t, err)
		lookedAt := func(at time.Time) {
			must(t, c.Redis().HSet(t.Context(), c.Keys().Meta(), "monitor", at.UnixMilli()).Err())
		}
		for name, at := range map[string]time.Time{"long ago": now.Add(-lease), "in the future: the clock jumped": now.Add(time.Hour)} {
			lookedAt(at)
			for range 2 {
				must(t, newMonitor(c).Reclaim(t.Context()))
				expectIDs(t, "held in the grace after the last look was "+name, held(t, c, w), "a")
			}
		}
		must(t, c.Redis().HSet(t.Context(), c.Keys().Meta(), "grace", now.Add(-time.Second).UnixMilli()).Err()) // it is over
		must(t, m.Reclaim(t.Context()))
		expectIDs(t, "held after the grace", held(t, c, w), "")
		expectCounts(t, c, "default", "S=1 p=1")
	})
}

func TestAWorkersDeathIsSeenWithinItsTimeoutAndASecond(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		run(t, monitor.New(c, monitor.Config{WorkerTimeout: 500 * time.Millisecond, Log: quiet}))
		w := register(t, c, "w", 1, nil, "echo")
		submit(t, c, queue.Task{ID: "a"})
		turn(t, w, 1)
		beat := c.Redis().ZScore(t.Context(), c.Keys().Workers(), w.ID()).Val()
		eventually(t, "the work is taken away", func() bool { return get(t, c, "a").State == queue.Pending })
		ended, err := c.Redis().HGet(t.Context(), c.Keys().WorkerStatus(w.ID()), "ended").Float64()
		must(t, err)
		silence := time.Duration(ended-beat) * time.Millisecond
		if silence < 500*time.Millisecond || silence > 10*time.Second { // 0.5 s to 0.55 s on an idle machine
			t.Errorf("it was lost after %v of silence", silence)
		}
		t.Logf("it was lost after %v of silence", silence)
	})
}
