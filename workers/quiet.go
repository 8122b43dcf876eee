package workers

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed quiet.lua
var quietLua string

var quietScript = queue.NewScript("drain worker", quietLua)

// Drain asks a worker to take no more tasks, to finish what it runs, and to leave. It returns at once, with the worker
// draining; asking twice is harmless. ErrNotFound where no worker has the id, ErrState where it is lost or gone.
func Drain(ctx context.Context, c *queue.Client, workerID string) error {
	answer, err := quietScript.Move(ctx, c, workerID)
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
