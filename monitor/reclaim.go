package monitor

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed reclaim.lua
var reclaimLua string

var reclaimScript = queue.NewScript("reclaim", reclaimLua)

// Reclaim takes the work away from every worker that was silent for too long, one script a worker.
func (m *Monitor) Reclaim(ctx context.Context) error {
	for ctx.Err() == nil {
		out, err := reclaimScript.Run(ctx, m.client, m.cfg.WorkerTimeout.Milliseconds(), queue.MaxLosses)
		if err != nil {
			return err
		}
		lost, err := queue.Strings(out)
		if err != nil || len(lost) == 0 {
			return err
		}
		if len(lost) != 4 {
			return fmt.Errorf("reclaim: an answer of %d parts", len(lost))
		}
		silent, _ := strconv.Atoi(lost[1]) // the script writes digits only
		m.cfg.Log.Warn("worker lost", "worker", lost[0], "silent_for", time.Duration(silent)*time.Millisecond,
			"requeued", lost[2], "ended", lost[3])
	}
	return nil
}
