package workers

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/loop"
	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed heartbeat.lua
var heartbeatLua string

var heartbeatScript = queue.NewScript("heartbeat", heartbeatLua)

// Orders is what a worker hears by its heartbeat.
type Orders struct {
	Drain   bool     // an operator wants it to take no more, finish and leave
	Drill   string   // an operator wants it to stop for this drill as if it had crashed; empty for none
	Running int      // tasks that run on it, as Redis knows
	Cancel  []string // ids of running tasks that users canceled
}

// Heartbeat shows that the worker lives, with slots to give (1 or more).
func (s *Session) Heartbeat(ctx context.Context, slots int) (Orders, error) {
	out, err := heartbeatScript.Run(ctx, s.client, s.id, slots, 0)
	if err != nil {
		return Orders{}, err
	}
	answer, err := queue.Strings(out)
	if err != nil {
		return Orders{}, err
	}
	if answer[0] == string(queue.WorkerLost) {
		return Orders{}, s.lost()
	}
	running, err := strconv.Atoi(answer[2])
	if err != nil {
		return Orders{}, fmt.Errorf("heartbeat: the number of running tasks: %w", err)
	}
	return Orders{Drain: answer[1] == "1", Running: running, Drill: answer[3], Cancel: answer[4:]}, nil
}

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
	if orders.Drill != "" && l.cfg.Drills {
		l.askDrill(orders.Drill)
		return loop.ErrStop
	}
	if orders.Drain {
		l.askDrain()
	}
	l.compare(orders.Running)
	l.cancelTasks(orders.Cancel)
	return nil
}

// compare makes the next turn ask what runs here where Redis knew of another number at two heartbeats in a row. A Redis
// that lost its last writes, by a failover or a crash, may think that tasks run here whose end it was told: nobody else
// would ever start them again. At one heartbeat a turn under way makes the difference.
func (l *life) compare(running int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	differs := running != len(l.running)+len(l.queued)+len(l.reports)
	if differs && l.differed {
		l.unsure = true
		loop.Wake(l.turnWake)
	}
	l.differed = differs
}

// slots is how many tasks it can run at once now: without the slots of handlers that do not return.
func (l *life) slots() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	stray := int(l.busy.Load()) - len(l.running) // handlers that outlive their task, or their life
	return max(l.cfg.Slots-stray, 1)
}
