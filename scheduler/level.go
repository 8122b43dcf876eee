package scheduler

import (
	"context"
	_ "embed"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed level.lua
var levelLua string

var levelScript = queue.NewAssigningScript("level", levelLua)

// Level is one step: it moves a batch of unstarted tasks from busy workers to idle ones.
func (s *Scheduler) Level(ctx context.Context) error {
	moved, err := levelScript.Run(ctx, s.client, startLimit.Milliseconds(), batch)
	if err == nil && moved != int64(0) {
		s.cfg.Log.Debug("unstarted tasks moved to idle workers", "moved", moved)
	}
	return err
}
