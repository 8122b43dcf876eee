package workers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/loop"
	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// Worker is a pool of goroutines that runs tasks. Any number of them may run in one process or in many.
type Worker struct {
	client   *queue.Client
	handlers Handlers
	cfg      Config
	attempts sync.WaitGroup // handlers that have not returned, of all lives
	busy     atomic.Int64   // their number: each takes a slot until it returns
}

// New returns a worker that runs handlers; see Config for what zero values mean. Run starts it.
func New(c *queue.Client, handlers Handlers, cfg Config) *Worker {
	return &Worker{client: c, handlers: handlers, cfg: cfg}
}

// stopIfLost makes the loop stop whose step heard that the monitor declared the worker lost.
func stopIfLost(err error) error {
	if errors.Is(err, ErrLeaseLost) {
		return fmt.Errorf("%w: %w", loop.ErrStop, err)
	}
	return err
}

// Run registers the worker and runs tasks until ctx ends or an operator drains it. Then it takes no more, waits up to
// ShutdownTimeout for what runs, gives back the rest without spending an attempt, and returns nil. While Redis is away
// it goes on trying. A worker that was declared lost cancels its handlers and starts again under a new id. The error
// is one of the configuration.
func (w *Worker) Run(ctx context.Context) error {
	cfg, err := w.cfg.withDefaults()
	if err != nil {
		return err
	}
	for name := range w.handlers {
		if !queue.ValidName(name) {
			return fmt.Errorf("handler type %q: wanted %s", name, queue.NameRule)
		}
	}
	w.cfg = cfg
	for ctx.Err() == nil {
		err := newLife(w).run(ctx)
		w.waitForHandlers()
		if !errors.Is(err, ErrLeaseLost) {
			return err
		}
	}
	return nil
}

// waitForHandlers gives handlers that were told to stop a moment to return. One that does not is left behind, as its
// task was already given back.
func (w *Worker) waitForHandlers() {
	returned := make(chan struct{})
	go func() {
		w.attempts.Wait()
		close(returned)
	}()
	select {
	case <-returned:
	case <-time.After(returnGrace):
	}
}

// returnGrace is how long a handler may take to return once its context has ended, before its task is settled without
// it.
const returnGrace = time.Second
