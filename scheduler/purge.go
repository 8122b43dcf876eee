package scheduler

import (
	"context"
	_ "embed"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed purge.lua
var purgeLua string

var purgeScript = queue.NewScript("purge", purgeLua)

// Purge removes every final task whose retention is over, batch by batch.
func (s *Scheduler) Purge(ctx context.Context) error {
	for ctx.Err() == nil {
		removed, err := purgeScript.Run(ctx, s.client, batch, s.cfg.MaxCompleted)
		if err != nil || removed == int64(0) {
			return err
		}
	}
	return nil
}
