package workers_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
	"github.com/xuniquepatel/queue-pilot/scheduler"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// fast is a configuration that sees a loss soon, and not by chance on a busy machine.
func fast(slots int) workers.Config {
	return workers.Config{Name: "w", Slots: slots, HeartbeatInterval: 50 * time.Millisecond, WorkerTimeout: 10 * time.Second, Log: quiet}
}

func allAre(t *testing.T, c *queue.Client, ids []string, state queue.State) bool {
	t.Helper()
	tasks, err := c.GetMany(t.Context(), ids)
	if err != nil {
		return false // Redis may be away
	}
	for _, task := range tasks {
		if task == nil || task.State != state {
			return false
		}
	}
	return true
}

func TestAWorkerRunsEverythingAndNeverMoreThanItsSlots(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		var now, most atomic.Int64
		full := make(chan struct{})
		fill := sync.OnceFunc(func() { close(full) })
		runWorker(t, c, workers.Handlers{"echo": func(_ context.Context, task *queue.Task) (any, error) {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			if n >= 7 {
				fill()
			}
			<-full
			runtime.Gosched()
			now.Add(-1)
			return task.Payload, nil
		}}, fast(7))
		tasks := some(300, "t", queue.Task{})
		for i := range tasks {
			tasks[i].Payload = fmt.Appendf(nil, "%d", i)
		}
		ids := submit(t, c, tasks...)
		eventually(t, "all are completed", func() bool { return allAre(t, c, ids, queue.Completed) })
		if most.Load() != 7 {
			t.Errorf("up to %d ran at once; want 7, the slots", most.Load())
		}
		for i, id := range ids {
			if got := get(t, c, id); string(got.Result) != fmt.Sprint(i) || got.Attempt != 1 {
				t.Fatalf("%s: %+v", id, got)
			}
		}
		expectCell(t, cellOf(t, c, "default|"), "default|C=300", "default|S=300", "default|c=300")
	})
}

func TestADrainFinishesWhatRunsAndSpendsNoAttempt(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		started, finish := make(chan string, 9), make(chan struct{})
		w := runWorker(t, c, workers.Handlers{"echo": func(context.Context, *queue.Task) (any, error) {
			started <- ""
			<-finish
			return nil, nil
		}}, fast(2))
		id := theWorker(t, c)
		submit(t, c, some(4, "t", queue.Task{})...)
		receive(t, started, "the first starts")
		receive(t, started, "the second starts")
		w.stop()
		eventually(t, "it drains", func() bool {
			return c.Redis().HGet(t.Context(), c.Keys().WorkerStatus(id), "state").Val() == "draining"
		})
		close(finish)
		w.wait(t)
		if got := c.Redis().HGet(t.Context(), c.Keys().WorkerStatus(id), "state").Val(); got != "gone" {
			t.Errorf("the worker is %s; want gone", got)
		}
		expectCell(t, cellOf(t, c, "task_queue"), "task_queue:default: t2 t3")
		expectCell(t, cellOf(t, c, "default|"), "default|S=4", "default|p=2", "default|c=2", "default|C=2")
		if got := get(t, c, "t2"); got.Attempt != 0 || outcomes(t, c, "t2") != "" {
			t.Errorf("t2: %+v", got)
		}
	})
}

func TestWhatRunsLongerThanTheShutdownTimeoutIsGivenBackWithItsAttempt(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		started, release := make(chan string, 9), make(chan struct{})
		causes := make(chan error, 9)
		cfg := fast(2)
		cfg.ShutdownTimeout = 50 * time.Millisecond
		w := runWorker(t, c, workers.Handlers{
			"obeys": func(ctx context.Context, task *queue.Task) (any, error) {
				started <- ""
				<-ctx.Done()
				causes <- context.Cause(ctx)
				return nil, ctx.Err()
			},
			"ignores": func(context.Context, *queue.Task) (any, error) { started <- ""; <-release; return "late", nil },
		}, cfg)
		theWorker(t, c)
		submit(t, c, queue.Task{ID: "a", Type: "obeys", MaxAttempts: 1}, queue.Task{ID: "b", Type: "ignores", MaxAttempts: 1})
		receive(t, started, "one starts")
		receive(t, started, "the other starts")
		w.stop()
		w.wait(t)
		close(release)
		if cause := receive(t, causes, "the handler returns"); !errors.Is(cause, workers.ErrStopping) {
			t.Errorf("the context ended by %v; want ErrStopping", cause)
		}
		for _, id := range []string{"a", "b"} {
			if got := get(t, c, id); got.State != queue.Pending || got.Attempt != 0 || got.Losses != 0 || outcomes(t, c, id) != "1 released" {
				t.Errorf("%s: %+v, attempts %s; want it pending, released at attempt 1", id, got, outcomes(t, c, id))
			}
		}
		expectCell(t, cellOf(t, c, "default|"), "default|S=2", "default|p=2")
	})
}

func TestALostWorkerCancelsItsHandlersAndComesBackUnderANewID(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		started, causes := make(chan int, 9), make(chan error, 9)
		runWorker(t, c, workers.Handlers{"echo": func(ctx context.Context, task *queue.Task) (any, error) {
			started <- task.Attempt
			if task.Attempt == 2 {
				return "second", nil
			}
			<-ctx.Done()
			causes <- context.Cause(ctx)
			return "first", nil // as if it had not noticed
		}}, fast(1))
		first := theWorker(t, c)
		ids := submit(t, c, queue.Task{ID: "a"})
		receive(t, started, "it starts")
		lose(t, c, first)
		if cause := receive(t, causes, "its context ends"); !errors.Is(cause, workers.ErrLeaseLost) {
			t.Errorf("the context ended by %v; want ErrLeaseLost", cause)
		}
		eventually(t, "it runs again", func() bool { return allAre(t, c, ids, queue.Completed) })
		got := get(t, c, "a")
		if second := theWorker(t, c, first); got.WorkerID != second || got.Attempt != 2 || got.Losses != 1 || string(got.Result) != `"second"` {
			t.Errorf("got %+v; want the second attempt's result, by %s", got, second)
		}
		if got := outcomes(t, c, "a"); got != "1 lost, 2 ok" {
			t.Errorf("attempts: %s", got)
		}
	})
}

func TestAnOperatorDrainsAWorkerAndItsRunReturns(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		cfg := fast(1)
		cfg.HeartbeatInterval = time.Second // it hears so at once all the same
		w := runWorker(t, c, workers.Builtin(), cfg)
		id := theWorker(t, c)
		began := time.Now()
		must(t, workers.Drain(t.Context(), c, id))
		w.wait(t)
		t.Logf("left %v after it was asked", time.Since(began))
		if err := workers.Drain(t.Context(), c, id); !errors.Is(err, queue.ErrState) {
			t.Errorf("drain of a gone worker: %v; want ErrState", err)
		}
	})
}

func TestAHandlerThatIgnoresItsTimeoutIsSettledAndKeepsItsSlot(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		release := make(chan struct{})
		runWorker(t, c, workers.Handlers{"hang": func(context.Context, *queue.Task) (any, error) { <-release; return "late", nil }}, fast(2))
		id := theWorker(t, c)
		ids := submit(t, c, queue.Task{ID: "a", Type: "hang", Timeout: time.Millisecond, MaxAttempts: 1})
		eventually(t, "it is settled", func() bool { return allAre(t, c, ids, queue.Failed) })
		got := get(t, c, "a")
		if got.Reason != queue.ReasonAttemptsExhausted || outcomes(t, c, "a") != "1 timeout" {
			t.Errorf("got %+v, attempts %s", got, outcomes(t, c, "a"))
		}
		slots := func() string { return c.Redis().HGet(t.Context(), c.Keys().WorkerStatus(id), "slots").Val() }
		eventually(t, "one slot is left", func() bool { return slots() == "1" })
		close(release)
		eventually(t, "both slots are back", func() bool { return slots() == "2" })
		if got := get(t, c, "a"); got.State != queue.Failed || got.Result != nil {
			t.Errorf("its late return changed it: %+v", got)
		}
	})
}

func TestProgressAndCancelReachARunningTask(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		runWorker(t, c, workers.Handlers{"slow": func(ctx context.Context, task *queue.Task) (any, error) {
			task.Progress(ctx, 42.5, "half|way")
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}}, fast(1))
		submit(t, c, queue.Task{ID: "a", Type: "slow"})
		eventually(t, "its progress is seen", func() bool {
			p := get(t, c, "a").LastProgress
			return p != nil && p.Percent == 42.5 && p.Message == "half|way"
		})
		_, err := c.Cancel(t.Context(), "a")
		must(t, err)
		eventually(t, "it is canceled", func() bool { return get(t, c, "a").State == queue.Canceled })
		if got := get(t, c, "a"); got.LastProgress != nil || got.Reason != queue.ReasonCanceled || outcomes(t, c, "a") != "1 canceled" {
			t.Errorf("got %+v", got)
		}
	})
}

func TestARestartOfRedisCostsNoTaskAndNoSecondRecord(t *testing.T) {
	server := redistest.New(t, "--appendfsync", "always")
	c := open(t, server.URL())
	ctx, cancel := context.WithCancel(t.Context())
	scheduling := make(chan struct{})
	go func() {
		defer close(scheduling)
		_ = scheduler.New(c, scheduler.Config{Log: quiet}).Run(ctx)
	}()
	defer func() { cancel(); <-scheduling }()
	var ran atomic.Int64
	w := runWorker(t, c, workers.Handlers{"echo": func(ctx context.Context, _ *queue.Task) (any, error) {
		ran.Add(1)
		select { // long enough to run when Redis dies
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
		}
		return nil, nil
	}}, fast(4))
	ids := submit(t, c, some(400, "t", queue.Task{})...)
	for n := range 2 {
		eventually(t, "some ran", func() bool { return ran.Load() > int64(100*(n+1)) })
		server.Kill()
		server.Start()
	}
	eventually(t, "all are completed", func() bool { return allAre(t, c, ids, queue.Completed) })
	w.stop()
	w.wait(t)
	expectCell(t, cellOf(t, c, "default|"), "default|C=400", "default|S=400", "default|c=400")
	if n := ran.Load(); n < 400 || n > 400+2*4 {
		t.Errorf("%d runs of 400 tasks; each restart may repeat what ran, 4 at once", n)
	}
}
