package queue

import (
	"context"
	_ "embed"
	"time"
)

//go:embed cancel.lua
var cancelLua string

var cancelScript = NewAssigningScript("cancel", cancelLua, tryLua, oneLua).Once()

// cancelWait is how long Cancel waits for a running handler to return: most honour their context within it.
const cancelWait = time.Second

// Cancel stops a task for good and returns it as it is then. A task that runs is asked to stop: Cancel waits up to a
// second for it, and returns it with CancelRequested set where its handler needs longer. ErrNotFound; ErrState where
// the task is final already.
func (c *Client) Cancel(ctx context.Context, id string) (*Task, error) {
	if err := c.run(ctx, cancelScript, id, id, ActionCancel.codes()); err != nil {
		return nil, err
	}
	deadline := time.Now().Add(cancelWait)
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		t, err := c.Get(ctx, id)
		if err != nil || t.State.Final() || !t.CancelRequested || time.Now().After(deadline) {
			return t, err
		}
		select {
		case <-ctx.Done():
			return t, nil
		case <-time.After(pause):
		}
	}
}
