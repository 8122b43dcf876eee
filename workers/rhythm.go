package workers

import (
	"context"
	"sync/atomic"
	"time"
)

// A turn costs Redis about as much as ten tasks, whatever it carries. So where many tasks end, turns are kept apart, and
// each carries more.
const (
	// turnGap is from the start of a turn to the next, where the worker is busy.
	turnGap = time.Millisecond
	// busyWindow and busyTasks say what busy means: so many outcomes in that time, 5,000 a second. Below that nothing
	// waits: a task is picked up, and its outcome recorded, at once.
	busyWindow, busyTasks = 10 * time.Millisecond, 50
)

// rhythm keeps a busy worker's turns apart.
type rhythm struct {
	turn   time.Time // when the last turn began; the turn's alone, as window and tasks
	window time.Time // since when tasks are counted
	tasks  int
	busy   atomic.Bool
}

// began notes that a turn begins with that many outcomes.
func (r *rhythm) began(now time.Time, outcomes int) {
	r.turn = now
	if d := now.Sub(r.window); d >= busyWindow {
		r.busy.Store(r.tasks*int(busyWindow/time.Millisecond) >= busyTasks*int(d/time.Millisecond))
		r.window, r.tasks = now, 0
	}
	r.tasks += outcomes
}

// wait is how long the next turn should wait.
func (r *rhythm) wait(now time.Time) time.Duration {
	if !r.busy.Load() || now.Sub(r.window) > 2*busyWindow {
		return 0
	}
	return turnGap - now.Sub(r.turn)
}

// keepApart waits for the next turn's time, or until half of the slots have something to report.
func (l *life) keepApart(ctx context.Context) {
	wait := l.rhythm.wait(time.Now())
	if wait <= 0 {
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.full:
	case <-ctx.Done():
	}
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
