package workers

import (
	"context"
	"time"
)

// heartbeat shows that the worker lives, and hears what it is asked to do. It runs apart from the handlers and the
// turn, so that neither a long task nor a long write looks like a death.
func (l *life) heartbeat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.WorkerTimeout/3)
	defer cancel()
	sent := time.Now()
	orders, err := l.session.Heartbeat(ctx, l.slots())
	if err != nil {
		return stopIfLost(err)
	}
	l.confirmed(sent)
	if orders.Drain {
		l.askDrain()
	}
	l.cancelTasks(orders.Cancel)
	return nil
}

// slots is how many tasks it can run at once now: without the slots of handlers that do not return.
func (l *life) slots() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	stray := int(l.busy.Load()) - len(l.running) // handlers that outlive their task, or their life
	return max(l.cfg.Slots-stray, 1)
}
