package workers

import (
	"context"
	"crypto/rand"
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed drill.lua
var drillLua string

//go:embed drilled.lua
var drilledLua string

var (
	drillScript   = queue.NewScript("drill worker", drillLua)
	drilledScript = queue.NewScript("stop for a drill", drilledLua)
)

// Drill asks a worker to stop as if it had crashed, and to start again under a new id; see queue.Drill for what is known of
// it. It returns at once. ErrNotFound where no worker has the id, ErrNoDrills where it was started without drills, ErrState
// where it is not ready or stops already.
func Drill(ctx context.Context, c *queue.Client, workerID string) (*queue.Drill, error) {
	id := strings.ToLower(rand.Text()[:16])
	answer, err := drillScript.Move(ctx, c, workerID, id, queue.DrillKept.Milliseconds())
	switch {
	case err != nil:
		return nil, err
	case answer == "unknown":
		return nil, fmt.Errorf("worker %s: %w", workerID, queue.ErrNotFound)
	case answer == "refuses":
		return nil, fmt.Errorf("worker %s: %w", workerID, queue.ErrNoDrills)
	case answer == "state":
		return nil, fmt.Errorf("worker %s is not ready, or stops already: %w", workerID, queue.ErrState)
	}
	return c.GetDrill(ctx, id)
}

// Drilled notes what the worker holds as it stops for a drill. Nothing may be sent for it any more.
func (s *Session) Drilled(ctx context.Context, drill string) error {
	_, err := drilledScript.Read(ctx, s.client, s.id, drill)
	return err
}

// askDrill makes run stop the worker for a drill.
func (l *life) askDrill(drill string) {
	select {
	case l.drillAsked <- drill:
	default: // it stops already
	}
}

// playDead leaves everything where it stands, as a crash would. Its loops are told to stop: once no heartbeat and no turn is
// under way any more the handlers are told, too, and what they did is reported to nobody.
func (l *life) playDead(ctx context.Context, drill string, loops *sync.WaitGroup) error {
	l.sayBye(ctx)
	loops.Wait()
	ctx, cancel := recordTimeout(ctx)
	defer cancel()
	if err := l.session.Drilled(ctx, drill); err != nil {
		l.log.Warn("what it holds as it stops for a drill could not be noted", "drill", drill, "error", err)
	}
	l.end(ErrLeaseLost)
	l.log.Warn("stopped for a drill, as if it had crashed: starting again under a new id", "drill", drill)
	return l.session.lost()
}
