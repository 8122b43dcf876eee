package queue

import (
	"context"
	_ "embed"
)

//go:embed pause.lua
var pauseLua string

var pauseScript = NewScript("pause", pauseLua).Once()

// Pause stops the assigning of a queue's tasks until Resume; what is on a worker runs on. Pausing twice is harmless.
// The error is an *InvalidError where the name cannot be a queue's.
func (c *Client) Pause(ctx context.Context, queue string) error {
	return c.setPaused(ctx, queue, "pause")
}

// Resume ends a pause. Resuming what is not paused is harmless.
func (c *Client) Resume(ctx context.Context, queue string) error {
	return c.setPaused(ctx, queue, "resume")
}

func (c *Client) setPaused(ctx context.Context, queue, verb string) error {
	if !ValidName(queue) {
		return invalid("queue", quote(queue), NameRule)
	}
	_, err := pauseScript.Move(ctx, c, queue, verb)
	return err
}
