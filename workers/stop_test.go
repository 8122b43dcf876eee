package workers_test

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// A worker whose registration was answered by nothing registers again, and may have been given work by then.
func TestRegisteringAgainChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		var once sync.Once
		c.Redis().AddHook(replies{func(args []any) (err error) {
			if isRegister(args) {
				once.Do(func() { // it stands in the inventory, and is given work at once
					submit(t, c, some(3, "t", queue.Task{})...)
					err = errReplyLost
				})
			}
			return err
		}})
		w := runWorker(t, c, workers.Builtin(), fast(3))
		eventually(t, "the tasks have run", func() bool { return allAre(t, c, []string{"t0", "t1", "t2"}, queue.Completed) })
		w.stop()
		w.wait(t)
		if n := c.Redis().HLen(t.Context(), c.Keys().Prefix()+"profile_count").Val(); n != 0 {
			t.Errorf("%d profiles are left although no worker is", n)
		}
	})
}

// The turn's answer brings a task when the worker already drains and runs nothing.
func TestATurnUnderWayAtTheStopLeavesNoTaskOnTheWorker(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		held, stopped := make(chan struct{}), make(chan struct{})
		var once sync.Once
		c.Redis().AddHook(replies{func(args []any) error {
			if isTurn(args) && args[6] == 1 {
				if n, _ := c.Redis().HGet(context.Background(), c.Keys().Counts(), "default|r").Int(); n == 1 {
					once.Do(func() {
						close(held)
						<-stopped
					})
				}
			}
			return nil
		}})
		var ran atomic.Int64
		w := runWorker(t, c, workers.Handlers{"echo": func(context.Context, *queue.Task) (any, error) { ran.Add(1); return nil, nil }}, fast(1))
		id := theWorker(t, c)
		submit(t, c, queue.Task{ID: "a"})
		receive(t, held, "the turn that starts it is answered")
		w.stop()
		eventually(t, "it drains", func() bool {
			return c.Redis().HGet(t.Context(), c.Keys().WorkerStatus(id), "state").Val() == "draining"
		})
		close(stopped)
		w.wait(t)
		if state := c.Redis().HGet(t.Context(), c.Keys().WorkerStatus(id), "state").Val(); state != "gone" {
			t.Errorf("Run returned and the worker is %s, not gone: its tasks wait for the monitor, and an attempt is spent: %q (ran %d)", state, cell(t, c), ran.Load())
		}
	})
}

// The lost reply said that a task runs here now: the worker asks before it leaves.
func TestAReplyLostAtTheStopLeavesNoTaskOnTheWorker(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		var w *running
		var once sync.Once
		ready := make(chan struct{})
		c.Redis().AddHook(replies{func(args []any) (err error) {
			if isTurn(args) && args[6] == 1 {
				if n, _ := c.Redis().HGet(context.Background(), c.Keys().Counts(), "default|r").Int(); n == 1 {
					once.Do(func() { <-ready; w.stop(); err = errReplyLost })
				}
			}
			return err
		}})
		w = runWorker(t, c, workers.Builtin(), fast(1))
		close(ready)
		id := theWorker(t, c)
		submit(t, c, queue.Task{ID: "a"})
		w.wait(t)
		if state := c.Redis().HGet(t.Context(), c.Keys().WorkerStatus(id), "state").Val(); state != "gone" {
			t.Errorf("Run returned and the worker is %s, not gone: %q", state, cell(t, c))
		}
	})
}

func TestATaskThatCannotBeReadHarmsNoOther(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		must(t, c.Pause(t.Context(), "default"))
		ids := submit(t, c, some(5, "t", queue.Task{})...)
		must(t, c.Redis().HSet(t.Context(), c.Keys().Tasks(), "t1", "5|default|echo|1700000000000|5|0|4|null{garbage").Err())
		must(t, c.Resume(t.Context(), "default"))
		runWorker(t, c, workers.Builtin(), fast(2))
		theWorker(t, c)
		submit(t, c, queue.Task{ID: "new"})
		good := []string{ids[0], ids[2], ids[3], ids[4], "new"}
		eventually(t, "the others have run", func() bool { return allAre(t, c, good, queue.Completed) })
		if raw := c.Redis().HGet(t.Context(), c.Keys().States(), "t1").Val(); !strings.HasPrefix(raw, "f|") {
			t.Errorf("the task that cannot be read has the state %q; want it kept as failed", raw)
		}
	})
}

// A worker that was declared lost starts again, while a handler of its earlier life does not return.
func TestALostWorkersHandlersKeepTheirSlots(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		var now, most atomic.Int64
		started, release := make(chan struct{}, 9), make(chan struct{})
		runWorker(t, c, workers.Handlers{"echo": func(context.Context, *queue.Task) (any, error) {
			most.Store(max(most.Load(), now.Add(1)))
			started <- struct{}{}
			<-release
			now.Add(-1)
			return nil, nil
		}}, fast(1))
		first := theWorker(t, c)
		submit(t, c, queue.Task{ID: "a"})
		receive(t, started, "it starts")
		lose(t, c, first)
		theWorker(t, c, first)
		select {
		case <-started:
		case <-time.After(3 * time.Second):
		}
		close(release)
		if most.Load() > 1 {
			t.Errorf("%d handlers (of the same task!) ran at once in a worker with one slot", most.Load())
		}
	})
}

func TestACanceledTaskWhoseHandlerIgnoresItIsSettledAfterTheGrace(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		started, release := make(chan struct{}, 9), make(chan struct{})
		defer close(release)
		runWorker(t, c, workers.Handlers{"echo": func(context.Context, *queue.Task) (any, error) {
			started <- struct{}{}
			<-release
			return nil, nil
		}}, fast(1))
		submit(t, c, queue.Task{ID: "a"})
		receive(t, started, "it starts")
		_, _ = c.Cancel(t.Context(), "a")
		eventually(t, "it is canceled", func() bool { return get(t, c, "a").State == queue.Canceled })
	})
}

// runtime.Goexit ends a goroutine without a panic: t.FailNow does so, for one.
func TestAHandlerThatEndsItsGoroutineIsAnError(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		runWorker(t, c, workers.Handlers{"echo": func(_ context.Context, task *queue.Task) (any, error) {
			if task.ID == "a" {
				runtime.Goexit()
			}
			return nil, nil
		}}, fast(1))
		submit(t, c, queue.Task{ID: "a", Timeout: 50 * time.Millisecond, MaxAttempts: 1}, queue.Task{ID: "b"})
		eventually(t, "the next task has run", func() bool { return get(t, c, "b").State == queue.Completed })
	})
}
