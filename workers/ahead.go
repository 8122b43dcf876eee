package workers

import (
	"time"

	"github.com/xuniquepatel/queue-pilot/app/loop"
	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// A worker whose handlers are quick fetches tasks ahead of its free slots, so that it does not wait for Redis between
// them.
const (
	// aheadWork is how much measured work is fetched ahead: some round trips to Redis. Handlers that take longer fetch
	// nothing ahead.
	aheadWork = 20 * time.Millisecond
	// aheadPatience is how long a task that was fetched ahead waits for a slot. Then it is given back, unspent: what runs
	// takes longer than measured. A task that runs for so long is said to have begun.
	aheadPatience = 50 * time.Millisecond
	// aheadTurn bounds what one turn fetches ahead, and aheadMost what waits: while half is begun, the other half is on its
	// way. To give it back takes some 5 ms of Redis's time, for it goes in one piece.
	aheadTurn = turnBatch
	aheadMost = 2 * aheadTurn
	// paceTasks is how many tasks are measured before the first is fetched ahead, and about how many the mean looks back.
	paceTasks = 16
)

// pace is how long handlers take.
type pace struct {
	mean  time.Duration
	tasks int // measured, up to paceTasks
}

func (p *pace) took(d time.Duration) {
	p.tasks = min(p.tasks+1, paceTasks)
	p.mean += (d - p.mean) / time.Duration(p.tasks)
}

// slow notes that what runs takes longer than measured.
func (p *pace) slow() { p.mean = max(p.mean, 2*aheadWork) }

// ahead is how many tasks keep that many slots busy for aheadWork.
func (p *pace) ahead(slots int) int {
	if p.tasks < paceTasks || p.mean > aheadWork {
		return 0
	}
	return min(int(time.Duration(slots)*aheadWork/max(p.mean, time.Microsecond)), aheadMost)
}

// queued is a task that Redis has started for this worker, and that waits for a slot.
type queued struct {
	task *queue.Task
	at   time.Time
}

// admit takes a task in that Redis has started for this worker: it returns its execution where a slot is free, else nil.
func (l *life) admit(t *queue.Task) *execution {
	l.mu.Lock()
	defer l.mu.Unlock()
	late := l.gaveBack && t.FetchedAhead() // those before it in the line go back to it
	if len(l.queued) == 0 && int(l.busy.Load()) < l.cfg.Slots && !late {
		return l.begin(t)
	}
	l.queued = append(l.queued, queued{t, time.Now()})
	if l.beImpatient(); late || !l.draining.IsZero() || l.over != nil || l.fenced {
		l.giveBackQueued()
	}
	return nil
}

// next begins the task that waited longest, or returns nil. l.mu is held.
func (l *life) next() *execution {
	if len(l.queued) == 0 || int(l.busy.Load()) >= l.cfg.Slots {
		return nil
	}
	first := l.queued[0]
	l.queued[0] = queued{}
	l.queued = l.queued[1:]
	return l.begin(first.task)
}

// beImpatient has checkAhead called after aheadPatience. l.mu is held.
func (l *life) beImpatient() {
	if !l.impatient {
		l.impatient = true
		time.AfterFunc(aheadPatience, l.checkAhead)
	}
}

// checkAhead gives back what waited too long, and tells Redis what has begun.
func (l *life) checkAhead() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.impatient = false
	now, unsaid := time.Now(), false
	for _, e := range l.running {
		switch {
		case !e.ahead:
		case now.Sub(e.began) >= aheadPatience:
			e.ahead = false
			l.begun = append(l.begun, e.task)
		default:
			unsaid = true
		}
	}
	if len(l.queued) > 0 && now.Sub(l.queued[0].at) >= aheadPatience {
		l.pace.slow()
		l.giveBackQueued()
	}
	if unsaid || len(l.queued) > 0 {
		l.beImpatient()
	}
	if len(l.begun) > 0 {
		loop.Wake(l.turnWake)
	}
}

// giveBackQueued reports what waits for a slot as not begun: it goes back to the head of its queue, in its order, and with
// it what a turn that is under way fetches ahead. l.mu is held.
func (l *life) giveBackQueued() {
	l.gaveBack = l.gaveBack || len(l.queued) > 0
	for _, q := range l.queued {
		l.reports = append(l.reports, Report{TaskID: q.task.ID, Attempt: q.task.Attempt, Kind: Release})
	}
	l.queued = nil
	if len(l.reports) > 0 {
		loop.Wake(l.turnWake)
	}
}

// cancelQueued reports a task as canceled that waits for a slot, and tells whether it did. l.mu is held.
func (l *life) cancelQueued(id string) bool {
	for i, q := range l.queued {
		if q.task.ID == id {
			l.queued = append(l.queued[:i:i], l.queued[i+1:]...)
			l.reports = append(l.reports, Report{
				TaskID: id, Attempt: q.task.Attempt, Kind: Cancel, Outcome: queue.OutcomeCanceled, Error: ErrCanceled.Error(),
			})
			loop.Wake(l.turnWake)
			return true
		}
	}
	return false
}
