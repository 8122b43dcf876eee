package monitor

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

var (
	//go:embed reclaim.lua
	reclaimLua string
	//go:embed audit.lua
	auditLua string

	reclaimScript = queue.NewScript("reclaim", reclaimLua)
	auditScript   = queue.NewScript("audit", auditLua)
)

const (
	auditEvery = 2 * time.Second
	auditSlice = 500           // state records a slice: about a millisecond
	goneKept   = 1 * time.Hour // how long a lost or gone worker is shown
)

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

// Audit looks at one slice of the tasks and requeues those that stand nowhere; the cursor comes round. It logs what it
// repairs as an error: no move should leave anything to it.
func (m *Monitor) Audit(ctx context.Context) error {
	out, err := auditScript.Run(ctx, m.client, m.cursor, auditSlice, goneKept.Milliseconds())
	if err != nil {
		return err
	}
	answer, err := queue.Strings(out)
	if err != nil {
		return err
	}
	m.cursor = answer[0]
	if len(answer) > 1 {
		m.cfg.Log.Error("the audit found tasks that stood nowhere and requeued them", "tasks", answer[1:])
	}
	return nil
}
