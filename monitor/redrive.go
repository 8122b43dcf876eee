package monitor

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed redrive.lua
var redriveLua string

var redriveScript = queue.NewAssigningScript("redrive", redriveLua)

const (
	redriveEvery = 250 * time.Millisecond // people watch it; without a redrive under way a look costs one command
	redriveMost  = 250                    // tasks of a redrive that run again at once: a script of a few milliseconds
)

// Redrive takes the next step of every redrive that is under way.
func (m *Monitor) Redrive(ctx context.Context) error {
	ids, err := m.client.Redis().HVals(ctx, m.client.Keys().Redriving()).Result()
	if err != nil {
		return fmt.Errorf("list the redrives: %w", err)
	}
	for _, id := range ids {
		if err := m.stepRedrive(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

func (m *Monitor) stepRedrive(ctx context.Context, id string) error {
	out, err := redriveScript.Run(ctx, m.client, id, redriveMost)
	if err != nil {
		return err
	}
	said, err := queue.Strings(out)
	if err != nil || len(said) != 5 {
		return err
	}
	if state := queue.RedriveState(said[1]); state != queue.RedriveRunning {
		m.cfg.Log.Info("redrive ended", "redrive", id, "group", said[0], "state", state, "reason", said[2],
			"ended", said[3], "failed_again", said[4])
	}
	return nil
}
