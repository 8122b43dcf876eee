package monitor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/redisdb"
)

// rewriteEvery is how often a monitor looks whether Redis was started: until its file is new, a second crash may bring
// back half a script.
const rewriteEvery = 200 * time.Millisecond

// fieldRewritten is where meta says for which of Redis's starts a monitor has done this.
const fieldRewritten = "rewritten"

// Rewrite has Redis write its append-only file anew once after each of its starts: see redisdb.Rewrite.
func (m *Monitor) Rewrite(ctx context.Context) error {
	rdb, meta := m.client.Redis(), m.client.Keys().Meta()
	start, err := redisdb.LastStart(ctx, rdb, meta)
	if err != nil || start.Run == "" || start.Run == m.rewritten {
		return err
	}
	done, err := rdb.HGet(ctx, meta, fieldRewritten).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("read for which start Redis's file was written anew: %w", err)
	}
	if start.Old && done != start.Run {
		if err := m.rewrite(ctx, start.Run); err != nil {
			return err
		}
	}
	m.rewritten = start.Run
	return nil
}

func (m *Monitor) rewrite(ctx context.Context, run string) error {
	rdb, meta := m.client.Redis(), m.client.Keys().Meta()
	allowed, err := redisdb.Rewrite(ctx, rdb, meta)
	if err != nil {
		return err
	}
	if !allowed {
		m.cfg.Log.Warn("after a crash in the middle of a write Redis may run half a script at its start after next, and its " +
			"user may not run BGREWRITEAOF, which prevents it")
	}
	m.rewritten = run // also where the next line fails: another monitor that does it again does no harm
	if err := rdb.HSet(ctx, meta, fieldRewritten, run).Err(); err != nil {
		return fmt.Errorf("note that Redis's file is written anew: %w", err)
	}
	return nil
}
