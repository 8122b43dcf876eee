// Package monitor owns what watches over a cell: it reclaims the work of workers that fell silent, audits tasks that
// no other move would find, has Redis mend its file after a crash, publishes snapshots, and notes the totals once a minute.
// Reclaim and audit write; a snapshot is read only.
//
// Any number of monitors may run: every reclaim is one atomic script, and of their snapshots one is published.
package monitor

import (
	"context"
	_ "embed"
	"log/slog"
	"sync"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/loop"
	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// Config says how a monitor works. Zero values stand for the defaults.
type Config struct {
	// WorkerTimeout is the silence after which a worker is lost. Default 5 s. The workers must be told the same: they
	// stop themselves at two thirds of it.
	WorkerTimeout time.Duration
	Log           *slog.Logger // slog.Default where nil
}

// Monitor is a pool of loops over one cell.
type Monitor struct {
	client *queue.Client
	cfg    Config
	cursor string // of the audit
	rates  rateMeter

	rewritten string // the start of Redis for which its file was written anew
}

// New returns a monitor; Run starts it.
func New(c *queue.Client, cfg Config) *Monitor {
	if cfg.WorkerTimeout == 0 {
		cfg.WorkerTimeout = 5 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return &Monitor{client: c, cfg: cfg, cursor: "0"}
}

// Run watches until ctx ends, publishes a last snapshot and returns nil. While Redis is away it goes on trying.
func (m *Monitor) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	start := func(name string, every time.Duration, wake <-chan struct{}, step func(context.Context) error) {
		// The error is nil: none of these steps stops its loop.
		loops.Go(func() { _ = loop.Run(ctx, every, wake, step, loop.Log(m.cfg.Log, name)) })
	}
	start("reclaim", m.reclaimEvery(), nil, m.Reclaim)
	start("audit", auditEvery, nil, m.Audit)
	start("append-only file", rewriteEvery, nil, m.Rewrite)
	start("redrive", redriveEvery, nil, m.Redrive)
	start("drill", drillEvery, nil, m.Drill)
	start("throughput", NoteEvery, nil, m.NoteTotals)
	start("snapshot", snapshotAtLeast, m.settledChanges(ctx), m.publish)
	loops.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if _, err := m.publishNow(last, time.Millisecond); err != nil {
		m.cfg.Log.Debug("the last snapshot was not published", "error", err)
	}
	return nil
}

// reclaimEvery: often enough that a death is seen within a tenth of the time-out after it counts as one.
func (m *Monitor) reclaimEvery() time.Duration {
	return min(max(m.cfg.WorkerTimeout/10, 20*time.Millisecond), 500*time.Millisecond)
}
