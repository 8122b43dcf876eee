package scheduler

import (
	"context"
	_ "embed"
	"fmt"
	"time"

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

// tellBroken logs that keys were found which hold no list: their tasks wait, and others go on. Who looks at such a key is not
// always the same scheduler, nor does one look each time: so it says so once a minute at the most, and never that it is mended.
func (s *Scheduler) tellBroken(broken string) {
	if broken == "" || !s.toldBroken.IsZero() && time.Since(s.toldBroken) < time.Minute {
		return
	}
	s.toldBroken = time.Now()
	s.cfg.Log.Warn("somebody put another type of value at the key of a lane or of a worker's list; it is passed over", "error", broken)
}
