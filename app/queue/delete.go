package queue

import (
	"context"
	_ "embed"
)

//go:embed delete.lua
var deleteLua string

var deleteScript = NewScript("delete", deleteLua, tryLua, oneLua).Once()

// Delete removes a task with its result and history. ErrNotFound; ErrState while it is assigned or running: cancel it
// first.
func (c *Client) Delete(ctx context.Context, id string) error {
	return c.run(ctx, deleteScript, id, id, ActionDelete.codes())
}
