package workers

import (
	"context"
	"runtime"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/loop"
	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// overlapFrom is how many tasks a turn must bring for the next to be sent before they are begun.
const overlapFrom = 32

// turn records what ended since the last one, and starts what there is room for, in one round trip. Reports that come
// in meanwhile wait for the next, which starts at once: writes are grouped without being delayed. A report leaves
// l.reports only when Redis has answered; sent twice, it is answered as recorded before.
//
// While Redis has as much as it is asked for, one round trip follows the other, and what one brought is begun during the
// next: neither waits for the other. Each is sent when the one before it is answered, so tasks come in their order.
func (l *life) turn(ctx context.Context) error {
	l.keepApart(ctx)
	runtime.Gosched() // handlers that are about to return get into this turn
	defer l.quiet()
	for unread := (queue.Leases{}); ; {
		r, ok := l.plan(unread.Len())
		var err error
		switch {
		case ok && !r.empty():
			unread, err = l.exchange(ctx, r, unread)
		case unread.Len() > 0:
			err, unread = l.startLeases(unread, false), queue.Leases{}
			loop.Wake(l.turnWake)
		}
		if err != nil || unread.Len() == 0 {
			return err
		}
	}
}

// exchange makes one round trip, and meanwhile begins what the one before it brought. It returns what is to be begun during
// the next one, which then should follow at once.
func (l *life) exchange(ctx context.Context, r request, unread queue.Leases) (queue.Leases, error) {
	l.rhythm.began(time.Now(), len(r.reports))
	ctx, cancel := recordTimeout(ctx)
	defer cancel()
	begun := make(chan error, 1)
	go func() { begun <- l.startLeases(unread, false) }()
	got, err := l.session.ask(ctx, r)
	unreadable := <-begun
	if err != nil {
		l.setUnsure(true)
		return queue.Leases{}, stopIfLost(err)
	}
	l.recorded(r, got.verdicts)
	if r.absent == comesBack {
		l.absent = false
	}
	brought := got.leases.Len()
	full := brought > 0 && brought >= r.want+r.ahead
	if full && brought >= overlapFrom && !r.adopt && got.leases.Fresh() && unreadable == nil {
		return got.leases, nil
	}
	if r.adopt {
		l.setUnsure(false)
	}
	if err := l.startLeases(got.leases, r.adopt); err != nil {
		return queue.Leases{}, err
	}
	if r.adopt || r.absent == leaves || full || l.waiting() {
		loop.Wake(l.turnWake)
	}
	return queue.Leases{}, unreadable
}

// startLeases begins what a turn brought; of what was adopted, what this worker does not know of.
func (l *life) startLeases(leases queue.Leases, adopted bool) error {
	tasks, err := leases.Tasks()
	switch {
	case err != nil && adopted: // it stays where it is, until the monitor takes what this worker leaves
		l.log.Warn("a task that runs here cannot be read", "error", err)
	case err != nil:
		l.setUnsure(true)
		return err
	}
	if adopted {
		tasks = l.unknown(tasks)
	}
	l.startAll(tasks)
	return nil
}

// waiting tells whether there are reports to send.
func (l *life) waiting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.reports) > 0
}

// quiet ends a turn, and signals idle where nothing is left.
func (l *life) quiet() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.talking = false
	if len(l.running) == 0 && len(l.queued) == 0 && len(l.reports) == 0 {
		loop.Wake(l.idle)
	}
}

// recorded drops what was said and answered, and says which reports were refused.
func (l *life) recorded(r request, verdicts []Verdict) {
	batch := r.reports
	for i, verdict := range verdicts {
		if verdict == Refused {
			l.log.Warn("report refused: the task is not this worker's any more", "task", batch[i].TaskID, "attempt", batch[i].Attempt)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := copy(l.reports, l.reports[len(batch):])
	clear(l.reports[rest:])
	l.reports = l.reports[:rest]
	l.begun = l.begun[len(r.begun):]
}

func (l *life) setUnsure(unsure bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unsure = unsure
}
