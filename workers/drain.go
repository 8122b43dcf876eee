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

// Drain asks a worker to take no more tasks, to finish what it runs, and to leave. It returns at once; ErrNotFound
// where no live worker has the id.
func Drain(ctx context.Context, c *queue.Client, workerID string) error {
	asked, err := quietScript.Run(ctx, c, workerID)
	if err != nil {
		return err
	}
	if asked == int64(0) {
		return fmt.Errorf("worker %s: %w", workerID, queue.ErrNotFound)
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
