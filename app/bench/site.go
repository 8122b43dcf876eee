package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/scheduler"
	"github.com/xuniquepatel/queue-pilot/workers"
)

const (
	// noop is the type of the tasks that are measured: their handler does nothing.
	noop = "noop"
	// completedEver is the counter that a drain waits for.
	completedEver = "C"
	// lookEvery is how often Redis is asked for a counter that must come: the error of a time that ends with it, and too
	// rare to cost Redis anything.
	lookEvery = time.Millisecond
	// patience is how long a measurement may take before it counts as stuck: a million tasks take a tenth of it.
	patience = 5 * time.Minute
)

var quiet = slog.New(slog.DiscardHandler)

// site is a QueuePilot at work in this process: scheduler and monitor, and the workers that were asked for.
type site struct {
	client *queue.Client
	ctx    context.Context // ends the parts
	cancel context.CancelFunc
	parts  sync.WaitGroup

	mu   sync.Mutex
	errs []error // of parts that ended by themselves
}

// newSite starts scheduler and monitor. Stop it when done.
func newSite(ctx context.Context, c *queue.Client) *site {
	s := &site{client: c}
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.run(scheduler.New(c, scheduler.Config{Log: quiet}).Run)
	s.run(monitor.New(c, monitor.Config{Log: quiet}).Run)
	return s
}

func (s *site) run(part func(context.Context) error) {
	s.parts.Go(func() {
		if err := part(s.ctx); err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.errs = append(s.errs, err)
		}
	})
}

// work starts a worker.
func (s *site) work(slots int, handler workers.Handler) {
	s.run(workers.New(s.client, workers.Handlers{noop: handler}, workers.Config{Slots: slots, Log: quiet}).Run)
}

// ready waits until a worker is in the inventory.
func (s *site) ready(ctx context.Context) error {
	return until(ctx, func() (bool, error) {
		n, err := s.client.Redis().ZCard(ctx, s.client.Keys().Workers()).Result()
		return n > 0, err
	})
}

// stop ends the parts in their orderly way, waits for them, and returns their errors.
func (s *site) stop() error {
	s.cancel()
	s.parts.Wait()
	return errors.Join(s.errs...)
}

// outcomes waits for tasks of the default queue to be recorded as completed.
type outcomes struct {
	client *queue.Client
	want   int64         // the counter of completed tasks, when all are recorded
	left   atomic.Int64  // handlers that have not run yet
	ran    chan struct{} // closed when none is left
}

// expect is called before n tasks are run.
func (s *site) expect(ctx context.Context, n int) (*outcomes, error) {
	completed, err := counter(ctx, s.client, completedEver)
	if err != nil {
		return nil, err
	}
	o := &outcomes{client: s.client, want: completed + int64(n), ran: make(chan struct{})}
	o.left.Store(int64(n))
	return o, nil
}

// handle is the handler: nothing but a count.
func (o *outcomes) handle(context.Context, *queue.Task) (any, error) {
	if o.left.Add(-1) == 0 {
		close(o.ran)
	}
	return nil, nil
}

// wait returns when all handlers ran and their outcomes are recorded. Redis is not asked before the last one ran.
func (o *outcomes) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-o.ran:
	case <-ctx.Done():
		return fmt.Errorf("%d tasks were not run: %w", o.left.Load(), ctx.Err())
	}
	return o.recorded(ctx)
}

// recorded is wait for a handler of the caller's own.
func (o *outcomes) recorded(ctx context.Context) error {
	return until(ctx, func() (bool, error) {
		n, err := counter(ctx, o.client, completedEver)
		return n >= o.want, err
	})
}

// until asks again and again until the answer is true.
func until(ctx context.Context, ask func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if done, err := ask(); done || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// counter reads how many tasks of the default queue there are in a state, by its letter; "C" is how many ever completed.
func counter(ctx context.Context, c *queue.Client, what string) (int64, error) {
	n, err := c.Redis().HGet(ctx, c.Keys().Counts(), queue.DefaultQueue+"|"+what).Int64()
	if queue.IsNil(err) {
		return 0, nil
	}
	return n, err
}

// heldMemory is what Redis holds in bytes, less what it holds for connections and for the append-only file's buffer, which
// comes and goes.
func heldMemory(ctx context.Context, rdb redis.UniversalClient) (int64, error) {
	info, err := rdb.InfoMap(ctx, "memory").Result()
	if err != nil {
		return 0, fmt.Errorf("read Redis's memory: %w", err)
	}
	memory := info["Memory"]
	held, err := strconv.ParseInt(memory["used_memory"], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read Redis's memory: %w", err)
	}
	for _, passing := range []string{"mem_clients_normal", "mem_aof_buffer"} {
		n, _ := strconv.ParseInt(memory[passing], 10, 64) // a Redis that does not tell has 0
		held -= n
	}
	return held, nil
}
