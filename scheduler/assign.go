package scheduler

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed assign.lua
var assignLua string

var assignScript = queue.NewAssigningScript("assign", assignLua)

// assign reports whether there is more to do.
func (s *Scheduler) assign(ctx context.Context) (bool, error) {
	out, err := assignScript.Run(ctx, s.client, batch)
	if err != nil {
		return false, err
	}
	answer, ok := out.([]any)
	if !ok || len(answer) != 2 {
		return false, fmt.Errorf("assign: an answer of another shape: %v", out)
	}
	broken, _ := answer[1].(string)
	s.tellBroken(broken)
	return answer[0] == int64(1), nil
}

// tellBroken logs when keys were found that hold no list, and when there are none any more. Their tasks wait; others go on.
func (s *Scheduler) tellBroken(broken string) {
	switch {
	case broken != "" && s.broken == "":
		s.cfg.Log.Warn("somebody put another type of value at the key of a lane or of a worker's list; it is passed over", "error", broken)
	case broken == "" && s.broken != "":
		s.cfg.Log.Info("every lane is a list again")
	}
	s.broken = broken
}
