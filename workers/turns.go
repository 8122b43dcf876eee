package workers

import (
	"context"
	"runtime"
	"slices"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/loop"
)

// A worker with much to say has two turns under way: while Redis works on one, the leases of the other are read and its
// handlers run.
const (
	mostTurns = 2
	// secondTurn is how many reports the second one needs: it is for those who would else wait for the first.
	secondTurn = 32
)

// talk is what turns under way are about. It is guarded by life.mu.
type talk struct {
	turns   int
	reports int  // they carry
	asked   int  // tasks they may bring
	alone   bool // one of them is of a kind beside which there is no other
}

// turn records what ended since the last one, and starts what there is room for, in one round trip. Reports that come
// in meanwhile wait for the next, which starts at once: writes are grouped without being delayed. A report is dropped
// only when Redis has answered; sent twice, it is answered as recorded before.
func (l *life) turn(ctx context.Context) error {
	l.keepApart(ctx)
	runtime.Gosched() // handlers that are about to return get into this turn
	r := l.plan()
	if r.empty() {
		return nil
	}
	timed, cancel := recordTimeout(ctx)
	defer cancel()
	verdicts, leases, err := l.session.turn(timed, r)
	l.answered(r, verdicts, err)
	defer l.rest(r)
	if err != nil {
		return stopIfLost(err)
	}
	if r.adopt {
		leases = l.unknown(leases)
	}
	l.startAll(leases)
	if r.adopt || r.absent == leaves || len(leases) >= r.want+r.ahead && len(leases) > 0 {
		loop.Wake(l.turnWake)
	}
	return nil
}

// plan says what the next turn is for, and takes its part of what is to be said. What may have been misheard is asked
// about, and what others may assign is told, when no other turn is under way.
func (l *life) plan() request {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := l.talk.turns == 0
	if l.talk.alone || l.talk.turns == mostTurns || !first && (l.unsure || len(l.reports) < secondTurn) {
		return request{}
	}
	r := request{adopt: l.unsure}
	if l.draining.IsZero() && !l.fenced && !l.unsure {
		l.ask(&r)
	}
	switch soon := r.want+r.ahead > 0 && l.rhythm.busy.Load(); {
	case soon:
		r.absent, l.absent = leaves, true
	case l.absent && first:
		r.absent = comesBack
	}
	n := fitting(l.reports)
	r.reports, l.reports = slices.Clone(l.reports[:n]), slices.Delete(l.reports, 0, n)
	r.begun, l.begun = l.begun, nil
	if !r.empty() {
		l.rhythm.began(time.Now(), n)
		l.talk = talk{l.talk.turns + 1, l.talk.reports + n, l.talk.asked + r.want + r.ahead, r.adopt || r.absent == comesBack}
	}
	return r
}

// ask sets how many tasks the turn is to bring. Beside a suspect of poison nothing is fetched ahead: of what began last,
// the monitor finds the poison. l.mu is held.
func (l *life) ask(r *request) {
	have := int(l.busy.Load()) + len(l.queued) + l.talk.asked
	r.want = min(max(l.cfg.Slots-have, 0), turnBatch)
	if l.suspects == 0 {
		r.ahead = min(max(l.cfg.Slots+l.pace.ahead(l.cfg.Slots)-have-r.want, 0), turnBatch-r.want)
	}
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

// answered notes what a turn's answer says of what it carried: that all is heard; or, where err says that there was none,
// that all is to be said again. It says which reports were refused.
func (l *life) answered(r request, verdicts []Verdict, err error) {
	for i, verdict := range verdicts {
		if verdict == Refused {
			l.log.Warn("report refused: the task is not this worker's any more", "task", r.reports[i].TaskID, "attempt", r.reports[i].Attempt)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.talk.reports -= len(r.reports)
	switch {
	case err != nil:
		l.reports, l.begun = append(r.reports, l.reports...), append(r.begun, l.begun...)
		l.unsure = true
	case r.adopt:
		l.unsure = false
	case r.absent == comesBack:
		l.absent = false
	}
}

// rest ends a turn whose leases are taken in, and signals idle where nothing is left.
func (l *life) rest(r request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.talk.turns--
	l.talk.asked -= r.want + r.ahead
	l.talk.alone = false
	if len(l.reports) > 0 || len(l.begun) > 0 || l.unsure {
		loop.Wake(l.turnWake)
	}
	if l.hasNothing() {
		loop.Wake(l.idle)
	}
}

// hasNothing tells whether nothing runs and nothing is to be recorded, or under way. l.mu is held.
func (l *life) hasNothing() bool {
	return len(l.running) == 0 && len(l.queued) == 0 && len(l.reports) == 0 && l.talk.turns == 0
}
