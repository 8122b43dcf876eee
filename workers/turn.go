package workers

import (
	"context"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/loop"
	"github.com/xuniquepatel/queue-pilot/app/queue"
)

const (
	// turnInterval is the slow tick besides wake-ups: it heals a lost token.
	turnInterval = 500 * time.Millisecond
	// turnBatch bounds the reports of one turn, and what it starts: some 3 ms of Redis's time.
	turnBatch = 256
	// turnBytes bounds the results in one turn.
	turnBytes = 4 << 20
)

// turn records what ended since the last one, and starts what there is room for, in one round trip. Reports that come
// in meanwhile wait for the next, which starts at once: writes are grouped without being delayed. A report leaves
// l.reports only when Redis has answered; sent twice, it is answered as recorded before.
func (l *life) turn(ctx context.Context) error {
	batch, want, adopt := l.plan()
	defer l.quiet()
	if len(batch) == 0 && want == 0 && !adopt {
		return nil
	}
	ctx, cancel := recordTimeout(ctx)
	defer cancel()
	verdicts, leases, err := l.converse(ctx, batch, want, adopt)
	if err != nil {
		l.setUnsure(true)
		return stopIfLost(err)
	}
	l.recorded(batch, verdicts)
	if adopt {
		l.setUnsure(false)
	}
	l.startAll(leases)
	if adopt || len(leases) == turnBatch || l.waiting() {
		loop.Wake(l.turnWake)
	}
	return nil
}

// plan says what the next turn is for: reports to send, tasks to ask for, and whether to ask what runs already.
func (l *life) plan() (batch []Report, want int, adopt bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	batch = l.reports[:fitting(l.reports)]
	if l.draining.IsZero() && !l.fenced {
		want = min(max(l.cfg.Slots-int(l.busy.Load()), 0), turnBatch)
	}
	l.talking = true
	return batch, want, l.unsure
}

// fitting is how many of the reports go into one turn, at least one.
func fitting(reports []Report) int {
	n, bytes := 0, 0
	for n < min(len(reports), turnBatch) && (n == 0 || bytes+len(reports[n].Result) <= turnBytes) {
		bytes += len(reports[n].Result)
		n++
	}
	return n
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
	if len(l.running) == 0 && len(l.reports) == 0 {
		loop.Wake(l.idle)
	}
}

func (l *life) converse(ctx context.Context, batch []Report, want int, adopt bool) ([]Verdict, []*queue.Task, error) {
	if adopt {
		return l.session.Adopt(ctx, batch)
	}
	return l.session.Turn(ctx, batch, want)
}

// recorded drops the reports that were answered, and says which were refused.
func (l *life) recorded(batch []Report, verdicts []Verdict) {
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
}

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

func (l *life) setUnsure(unsure bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unsure = unsure
}
