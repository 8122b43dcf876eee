package workers

import (
	"context"
	"errors"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/loop"
	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// execution is a handler at work.
type execution struct {
	task     *queue.Task
	ctx      context.Context
	cancel   context.CancelCauseFunc
	overdue  *time.Timer
	began    time.Time
	ahead    bool // Redis has not been told that it began; guarded by life.mu
	canceled bool // a user wants it to stop; guarded by life.mu
}

var (
	errNotReturned = errors.New("the handler did not return after its context ended")
	errExited      = errors.New("the handler ended its goroutine (runtime.Goexit)")
)

// begin takes a slot for a task that Redis has started for this worker. work runs its handler. l.mu is held.
func (l *life) begin(t *queue.Task) *execution {
	ctx, cancel := context.WithCancelCause(context.Background())
	ctx = queue.WithReporter(ctx, func(p queue.Progress) { l.noteProgress(t, p) })
	e := &execution{task: t, ctx: ctx, cancel: cancel, began: time.Now(), ahead: t.FetchedAhead()}
	e.overdue = time.AfterFunc(t.Timeout+returnGrace, func() { l.abandon(e, ErrTimeout) })
	l.running[t.ID] = e
	l.busy.Add(1)
	if t.Losses > 0 {
		l.suspects++
		l.giveBackQueued()
	}
	if l.over != nil {
		cancel(l.over)
	} else if l.fenced {
		cancel(ErrLeaseLost)
	}
	if e.ahead {
		l.beImpatient()
	}
	return e
}

// work runs a handler, and then those of tasks that wait for a slot.
func (l *life) work(e *execution) {
	for e != nil {
		e = l.attempt(e)
	}
}

// attempt runs a handler to its end, and returns the next one for this goroutine. A handler may end the goroutine.
func (l *life) attempt(e *execution) (next *execution) {
	ended := false
	defer func() {
		if !ended {
			next = l.returned(e, judge(e.task, nil, errExited, nil))
			l.attempts.Go(func() { l.work(next) })
		}
	}()
	r := run(e.ctx, l.handlers[e.task.Type], e.task)
	ended = true
	return l.returned(e, r)
}

// returned hands in the report of a handler, and begins the task that waits for its slot, or returns nil. Where the
// report's task was settled without it, only its slot is free again.
func (l *life) returned(e *execution, r Report) *execution {
	e.overdue.Stop()
	e.cancel(nil)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy.Add(-1)
	l.pace.took(time.Since(e.began))
	if l.running[e.task.ID] == e {
		l.settle(e, r)
	} else {
		loop.Wake(l.beatWake)
	}
	return l.next()
}

// abandon settles a task whose handler did not return after its context ended for cause. The handler goes on and takes
// its slot until it returns.
func (l *life) abandon(e *execution, cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running[e.task.ID] != e {
		return
	}
	l.settle(e, judge(e.task, nil, errNotReturned, cause))
	l.log.Warn("a handler does not return although its context ended", "task", e.task.ID, "type", e.task.Type, "cause", cause)
	loop.Wake(l.beatWake)
}

// settle moves a task from running to reported. l.mu is held.
func (l *life) settle(e *execution, r Report) {
	delete(l.running, e.task.ID)
	if e.task.Losses > 0 {
		l.suspects--
	}
	delete(l.progress, e.task.ID)
	l.reports = append(l.reports, r)
	loop.Wake(l.turnWake)
	if len(l.reports) >= (l.cfg.Slots+1)/2 {
		loop.Wake(l.full)
	}
}

// cancelAll ends the contexts of all handlers and returns how many there are.
func (l *life) cancelAll(cause error) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.running {
		e.cancel(cause)
	}
	return len(l.running)
}

// cancelTasks ends the contexts of the tasks that a user canceled.
func (l *life) cancelTasks(ids []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		if l.cancelQueued(id) {
			continue
		}
		if e := l.running[id]; e != nil && !e.canceled {
			e.canceled = true
			e.cancel(ErrCanceled)
			time.AfterFunc(returnGrace, func() { l.abandon(e, ErrCanceled) })
		}
	}
}

// abandonAll settles what runs without waiting for it any longer.
func (l *life) abandonAll(cause error) {
	l.mu.Lock()
	left := make([]*execution, 0, len(l.running))
	for _, e := range l.running {
		left = append(left, e)
	}
	l.mu.Unlock()
	for _, e := range left {
		l.abandon(e, cause)
	}
}
