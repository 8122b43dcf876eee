package workers

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed quiet.lua
var quietLua string

var quietScript = queue.NewScript("drain worker", quietLua)

// Drain asks a worker to take no more tasks, to finish what it runs, and to leave. It returns at once, with the worker
// draining; asking twice is harmless. ErrNotFound where no worker has the id, ErrState where it is lost or gone.
func Drain(ctx context.Context, c *queue.Client, workerID string) error {
	answer, err := quietScript.Run(ctx, c, workerID)
	switch {
	case err != nil:
		return err
	case answer == "unknown":
		return fmt.Errorf("worker %s: %w", workerID, queue.ErrNotFound)
	case answer == "state":
		return fmt.Errorf("worker %s is lost or gone: %w", workerID, queue.ErrState)
	}
	return nil
}

// drain tells the scheduler to assign nothing more, and gives back what was not started.
func (l *life) drain(ctx context.Context) {
	l.mu.Lock()
	l.draining = time.Now()
	l.mu.Unlock()
	ctx, cancel := recordTimeout(ctx)
	defer cancel()
	n, err := l.session.Drain(ctx)
	if err != nil {
		l.log.Warn("drain could not be announced", "error", err)
		return
	}
	l.log.Info("draining", "given_back", n)
}

// leave takes the worker out of the inventory. Where it cannot, the monitor will find it lost.
func (l *life) leave(ctx context.Context) {
	ctx, cancel := recordTimeout(ctx)
	defer cancel()
	empty, err := l.session.Leave(ctx)
	if err != nil {
		l.log.Warn("stopped without a word to Redis: the monitor will give its work to others", "error", err)
		return
	}
	l.log.Info("worker stopped", "list_empty", empty)
}
