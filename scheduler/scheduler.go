// Package scheduler owns the clock's moves: promote (scheduled and retry to pending when their time has come), assign
// (pending to the least-loaded worker with a free slot), level (unstarted work from a busy worker to an idle one) and
// purge (final tasks whose retention is over).
//
// Submit and a worker's turn assign at once what they can, by the same script; the scheduler does what they left over,
// and is woken for it by a token. Any number of schedulers may run: every move is one atomic script.
package scheduler

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/loop"
	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// Config says how a scheduler works. Zero values stand for the defaults.
type Config struct {
	// Tick is how often it looks without being woken, which heals a lost token. Default 250 ms.
	Tick time.Duration
	// LevelEvery is how often it compares busy and idle workers. Default 50 ms: so long may a task wait on a worker
	// that does not start it.
	LevelEvery time.Duration
	// MaxCompleted is how many completed tasks are kept, whatever their retention. Default 1,000,000: some 500 MB.
	MaxCompleted int
	Log          *slog.Logger // slog.Default where nil
}

const (
	batch      = 256                    // tasks one script moves: more gains little and holds up others
	purgeEvery = time.Second            // retention is counted in minutes
	startLimit = 100 * time.Millisecond // in which a worker should have started what it was assigned
	tokenWait  = 250 * time.Millisecond // how long one command blocks for a token: so long may a stop take
)

// Scheduler is a pool of loops over one cell.
type Scheduler struct {
	client *queue.Client
	cfg    Config
	wake   chan struct{}
	timer  *time.Timer // fires when the next task is due

	toldBroken time.Time // when assign's word of keys that hold no list was logged, last
}

// New returns a scheduler; Run starts it.
func New(c *queue.Client, cfg Config) *Scheduler {
	if cfg.Tick == 0 {
		cfg.Tick = 250 * time.Millisecond
	}
	if cfg.LevelEvery == 0 {
		cfg.LevelEvery = 50 * time.Millisecond
	}
	if cfg.MaxCompleted == 0 {
		cfg.MaxCompleted = 1_000_000
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return &Scheduler{client: c, cfg: cfg, wake: make(chan struct{}, 1)}
}

// Run schedules until ctx ends, then returns nil. While Redis is away it goes on trying.
func (s *Scheduler) Run(ctx context.Context) error {
	s.timer = time.AfterFunc(s.cfg.Tick, func() { loop.Wake(s.wake) })
	defer s.timer.Stop()
	var loops sync.WaitGroup
	start := func(name string, every time.Duration, wake <-chan struct{}, step func(context.Context) error) {
		// The error is nil: none of these steps stops its loop.
		loops.Go(func() { _ = loop.Run(ctx, every, wake, step, loop.Log(s.cfg.Log, name)) })
	}
	start("schedule", s.cfg.Tick, s.wake, s.Schedule)
	start("wake-up", time.Millisecond, nil, s.awaitToken)
	start("level", s.cfg.LevelEvery, nil, s.Level)
	start("purge", purgeEvery, nil, s.Purge)
	loops.Wait()
	return nil
}

// Schedule is one step: it promotes what is due and then assigns what can be, a batch of each. Where a batch was full
// it wakes the loop again.
func (s *Scheduler) Schedule(ctx context.Context) error {
	promoted, err := s.promote(ctx)
	if err != nil {
		return err
	}
	more, err := s.assign(ctx)
	if more || promoted == batch {
		loop.Wake(s.wake)
	}
	return err
}

// awaitToken blocks until somebody leaves a token: one scheduler gets it.
func (s *Scheduler) awaitToken(ctx context.Context) error {
	// Not by BLPop, which rounds a wait up to whole seconds.
	err := s.client.Redis().Do(ctx, "BLPOP", s.client.Keys().Wake(), tokenWait.Seconds()).Err()
	if queue.IsNil(err) {
		return nil
	}
	if err == nil {
		loop.Wake(s.wake)
	}
	return err
}

func run(ctx context.Context, c *queue.Client, script *queue.Script, args ...any) ([]int64, error) {
	out, err := script.Run(ctx, c, args...)
	if err != nil {
		return nil, err
	}
	return queue.Ints(out)
}
