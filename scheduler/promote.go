package scheduler

import (
	"context"
	_ "embed"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed promote.lua
var promoteLua string

var promoteScript = queue.NewScript("promote", promoteLua)

// promote returns how many tasks it moved, and sets the timer for the next one.
func (s *Scheduler) promote(ctx context.Context) (int64, error) {
	out, err := run(ctx, s.client, promoteScript, batch)
	if err != nil {
		return 0, err
	}
	if due := time.Duration(out[1]) * time.Millisecond; due >= 0 && due < s.cfg.Tick && s.timer != nil {
		s.timer.Reset(due + time.Millisecond) // not before the millisecond in which it is due
	}
	return out[0], nil
}
