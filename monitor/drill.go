package monitor

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed drill.lua
var drillLua string

var drillScript = queue.NewScript("drill", drillLua)

// drillEvery is how often a drill is looked at: people watch it; without one under way a look costs one command. No task
// ends and is forgotten between two looks: the least retention is that of a minute's purge list.
const drillEvery = 250 * time.Millisecond

// Drill counts what became of the tasks of every drill that is under way.
func (m *Monitor) Drill(ctx context.Context) error {
	ids, err := m.client.Redis().SMembers(ctx, m.client.Keys().Drilling()).Result()
	if err != nil {
		return fmt.Errorf("list the drills: %w", err)
	}
	for _, id := range ids {
		out, err := drillScript.Run(ctx, m.client, id)
		if err != nil {
			return err
		}
		if said, err := queue.Strings(out); err == nil && len(said) == 3 {
			m.cfg.Log.Info("drill: none of the worker's tasks waits any more", "drill", id, "worker", said[0], "lost", said[1],
				"run_again", said[2])
		}
	}
	return nil
}
