package workers

import (
	"context"
	_ "embed"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed drain.lua
var drainLua string

var drainScript = queue.NewScript("drain worker", drainLua)

// Drain makes the scheduler assign nothing more to the worker, and gives back what it was assigned and has not
// started. It returns how many those were.
func (s *Session) Drain(ctx context.Context) (int64, error) {
	out, err := drainScript.Run(ctx, s.client, s.id)
	if err != nil {
		return 0, err
	}
	n, _ := out.(int64)
	if n < 0 {
		return 0, s.lost()
	}
	return n, nil
}

// drain tells the scheduler to assign nothing more, and gives back what was not started.
func (l *life) drain(ctx context.Context) {
	l.mu.Lock()
	l.draining = time.Now()
	l.giveBackQueued()
	l.mu.Unlock()
	ctx, cancel := recordTimeout(ctx)
	defer cancel()
	n, err := l.session.Drain(ctx)
	if err != nil {
		l.log.Warn("drain could not be announced", "error", err)
		return
	}
	l.log.Info("draining", "given_back", n)
}
