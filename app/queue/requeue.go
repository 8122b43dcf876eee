package queue

import (
	"context"
	_ "embed"
)

//go:embed requeue.lua
var requeueLua string

var (
	redriveScript = NewAssigningScript("retry", requeueLua, tryLua, oneLua).Once()
	runNowScript  = NewAssigningScript("run", requeueLua, tryLua, oneLua).Once()
)

// Redrive puts a failed or canceled task back on its queue, to start again at attempt 1 with its history kept; a task
// that waits for its backoff goes at once. ErrNotFound; ErrState from any other state.
func (c *Client) Redrive(ctx context.Context, id string) (*Task, error) {
	return c.requeue(ctx, redriveScript, id, ActionRetry.codes())
}

// RunNow puts a task that waits for its time or its backoff on its queue at once; for a pending one there is nothing
// to do. ErrNotFound; ErrState from any other state.
func (c *Client) RunNow(ctx context.Context, id string) (*Task, error) {
	return c.requeue(ctx, runNowScript, id, "syp")
}

func (c *Client) requeue(ctx context.Context, s *Script, id, from string) (*Task, error) {
	if err := c.run(ctx, s, id, id, from); err != nil {
		return nil, err
	}
	return c.Get(ctx, id)
}
