package monitor

import (
	"context"
	_ "embed"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed audit.lua
var auditLua string

var auditScript = queue.NewScript("audit", auditLua)

const (
	auditEvery = 2 * time.Second
	auditSlice = 500           // state records a slice: about a millisecond
	goneKept   = 1 * time.Hour // how long a lost or gone worker is shown
)

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
