package workers

import (
	_ "embed"
	"slices"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed start.lua
var startLua string

// startAll runs the handlers of tasks that Redis has started for this worker, or has them wait for a slot.
func (l *life) startAll(leases []*queue.Task) {
	for _, t := range leases {
		if e := l.admit(t); e != nil {
			l.attempts.Go(func() { l.work(e) })
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for e := l.next(); e != nil; e = l.next() { // a handler of an earlier life may have left a slot
		l.attempts.Go(func() { l.work(e) })
	}
}

// unknown keeps of what Redis thinks to run here what this worker does not know of, because a reply was lost.
func (l *life) unknown(leases []*queue.Task) []*queue.Task {
	type attempt struct {
		id string
		n  int
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	known := map[attempt]bool{}
	for _, r := range l.reports {
		known[attempt{r.TaskID, r.Attempt}] = true
	}
	for _, q := range l.queued {
		known[attempt{q.task.ID, q.task.Attempt}] = true
	}
	return slices.DeleteFunc(leases, func(t *queue.Task) bool {
		return l.running[t.ID] != nil || known[attempt{t.ID, t.Attempt}]
	})
}
