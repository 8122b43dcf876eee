package workers_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// drillable is a worker of one slot that stops for drills; its handlers tell why their context ended.
func drillable(t *testing.T, c *queue.Client, causes chan<- error) {
	t.Helper()
	cfg := fast(1)
	cfg.Drills = true
	runWorker(t, c, workers.Handlers{"echo": func(ctx context.Context, _ *queue.Task) (any, error) {
		<-ctx.Done()
		causes <- context.Cause(ctx)
		return "too late", nil
	}}, cfg)
}

func TestAWorkerStopsForADrillAsIfItHadCrashed(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		causes := make(chan error, 9)
		drillable(t, c, causes)
		id := theWorker(t, c)
		submit(t, c, queue.Task{ID: "a"})
		eventually(t, "it runs", func() bool { return get(t, c, "a").State == queue.Running })
		d, err := workers.Drill(t.Context(), c, id)
		must(t, err)
		if cause := receive(t, causes, "the handler is told to stop"); !errors.Is(cause, workers.ErrLeaseLost) {
			t.Errorf("the handler's context ended by %v; want the lost lease", cause)
		}
		next := theWorker(t, c, id)
		if next == id {
			t.Errorf("it goes on as %s", id)
		}
		ctx, k := t.Context(), c.Keys()
		beat := c.Redis().ZScore(ctx, k.Workers(), id).Val()
		eventually(t, "the new worker has a heartbeat or two", func() bool { return c.Redis().ZScore(ctx, k.Workers(), next).Val() > beat+500 })
		if now := c.Redis().ZScore(ctx, k.Workers(), id).Val(); now != beat {
			t.Errorf("the stopped worker's heartbeat goes on: %v, then %v", beat, now)
		}
		if task := get(t, c, "a"); task.State != queue.Running || task.WorkerID != id || outcomes(t, c, "a") != "1" {
			t.Errorf("the task is %s on %s, attempts %q; want it left where it stood", task.State, task.WorkerID, outcomes(t, c, "a"))
		}
		if state := c.Redis().HGet(ctx, k.WorkerStatus(id), "state").Val(); state != string(queue.WorkerReady) {
			t.Errorf("it told Redis that it is %s; want nothing told", state)
		}
		if got, err := c.GetDrill(ctx, d.ID); err != nil || got.Held != 1 || got.State != queue.DrillSilent {
			t.Errorf("the drill is %+v, %v; want it silent with the one task", got, err)
		}
	})
}

func TestAWorkerWithoutDrillsRefusesOne(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		runWorker(t, c, workers.Builtin(), fast(1))
		_, err := workers.Drill(t.Context(), c, theWorker(t, c))
		if !errors.Is(err, queue.ErrNoDrills) {
			t.Errorf("it answers %v; want that it was started without drills", err)
		}
		if n := c.Redis().SCard(t.Context(), c.Keys().Drilling()).Val(); n != 0 {
			t.Errorf("%d drills are under way", n)
		}
	})
}

func TestADrillIsRefusedByAWorkerThatIsNotReady(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		s, err := workers.Register(t.Context(), c, workers.Config{Name: "w", Slots: 1, Drills: true}, []string{"echo"})
		must(t, err)
		asks := func() error {
			_, err := workers.Drill(t.Context(), c, s.ID())
			return err
		}
		must(t, asks())
		if err := asks(); !errors.Is(err, queue.ErrState) {
			t.Errorf("a second drill is answered by %v; want ErrState", err)
		}
		lose(t, c, s.ID())
		if err := asks(); !errors.Is(err, queue.ErrState) {
			t.Errorf("of a lost worker: %v; want ErrState", err)
		}
		if _, err := workers.Drill(t.Context(), c, "nobody"); !errors.Is(err, queue.ErrNotFound) {
			t.Errorf("of nobody: %v; want ErrNotFound", err)
		}
		drains, err := workers.Register(t.Context(), c, workers.Config{Name: "d", Slots: 1, Drills: true}, []string{"echo"})
		must(t, err)
		must(t, workers.Drain(t.Context(), c, drains.ID()))
		if _, err := workers.Drill(t.Context(), c, drains.ID()); !errors.Is(err, queue.ErrState) {
			t.Errorf("of one that drains: %v; want ErrState", err)
		}
	})
}

// A handler that ends by itself after the worker has said its last word is reported by nobody.
func TestWhatEndsAfterTheLastWordOfADrillIsNotRecorded(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		last, returned, turned := make(chan struct{}), make(chan struct{}), make(chan struct{}, 9)
		c.Redis().AddHook(replies{func(args []any) error {
			switch {
			case isDrilled(args):
				close(last)
				<-returned
				select { // a worker that went on would make a turn for the report
				case <-turned:
				case <-time.After(time.Second):
				}
			case isTurn(args):
				select {
				case <-last:
					turned <- struct{}{}
				default:
				}
			}
			return nil
		}})
		cfg := fast(1)
		cfg.Drills = true
		runWorker(t, c, workers.Handlers{"echo": func(ctx context.Context, _ *queue.Task) (any, error) {
			select {
			case <-last:
				close(returned)
			case <-ctx.Done():
			}
			return "in time", nil
		}}, cfg)
		id := theWorker(t, c)
		submit(t, c, queue.Task{ID: "a"})
		eventually(t, "it runs", func() bool { return get(t, c, "a").State == queue.Running })
		_, err := workers.Drill(t.Context(), c, id)
		must(t, err)
		theWorker(t, c, id)
		if task := get(t, c, "a"); task.State != queue.Running {
			t.Errorf("the task is %s; want it left as running on the worker that stopped", task.State)
		}
	})
}

// isDrilled: evalsha, sha, 2, two keys, the worker and the drill.
func isDrilled(args []any) bool {
	if len(args) != 7 {
		return false
	}
	drill, ok := args[6].(string)
	return ok && len(drill) == 16
}

// A worker that was told to stop says nothing more, whatever its handlers have to report.
func TestNoReportLeavesAWorkerThatStoppedForADrill(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		causes := make(chan error, 9)
		drillable(t, c, causes)
		id := theWorker(t, c)
		submit(t, c, queue.Task{ID: "a"})
		eventually(t, "it runs", func() bool { return get(t, c, "a").State == queue.Running })
		_, err := workers.Drill(t.Context(), c, id)
		must(t, err)
		receive(t, causes, "the handler is told to stop")
		next := theWorker(t, c, id)
		lose(t, c, id)
		eventually(t, "the new worker has it", func() bool { task := get(t, c, "a"); return task.State == queue.Running && task.WorkerID == next })
		if got := outcomes(t, c, "a"); got != "1 lost, 2" {
			t.Errorf("attempts %q; want the first lost with its worker, and a second that runs", got)
		}
		_, err = c.Cancel(t.Context(), "a")
		must(t, err)
		receive(t, causes, "the second is told to stop")
	})
}
