package workers

import (
	_ "embed"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed start.lua
var startLua string

// startAll starts the handlers of tasks that are not known to run here already.
func (l *life) startAll(leases []*queue.Task) {
	for _, t := range leases {
		l.mu.Lock()
		known := l.running[t.ID] != nil
		l.mu.Unlock()
		if !known && !l.reported(t) {
			l.execute(t)
		}
	}
}

// reported tells whether the attempt has ended and only waits to be recorded.
func (l *life) reported(t *queue.Task) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.reports {
		if r.TaskID == t.ID && r.Attempt == t.Attempt {
			return true
		}
	}
	return false
}
