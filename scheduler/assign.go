package scheduler

import (
	"context"
	_ "embed"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed assign.lua
var assignLua string

var assignScript = queue.NewAssigningScript("assign", assignLua)

// assign reports whether there is more to do.
func (s *Scheduler) assign(ctx context.Context) (bool, error) {
	out, err := run(ctx, s.client, assignScript, batch)
	if err != nil {
		return false, err
	}
	return out[1] == 1, nil
}
