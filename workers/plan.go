package workers

import "slices"

// plan says what the next turn is for, where the one before it brought tasks of which unread were not begun. It is false
// where they must be first.
func (l *life) plan(unread int) (request, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if unread > 0 && l.unsettled() {
		return request{}, false
	}
	r := request{reports: l.reports[:l.fitting()], begun: l.begun, adopt: l.unsure}
	if !l.unsure {
		l.gaveBack = false
	}
	if l.draining.IsZero() && !l.fenced && !l.unsure {
		r.want = min(max(l.cfg.Slots-int(l.busy.Load())-len(l.queued)-unread, 0), turnBatch)
		if l.suspects == 0 { // of what began last beside it, the monitor finds the poison
			r.ahead = min(max(l.pace.ahead(l.cfg.Slots)-len(l.queued)-unread, 0), max(aheadTurn-r.want, 0))
		}
	}
	l.talking = true
	switch soon := r.want+r.ahead > 0 && l.rhythm.busy.Load(); {
	case soon:
		r.absent, l.absent = leaves, true
	case l.absent:
		r.absent = comesBack
	}
	return r, true
}

// unsettled tells whether what a turn has brought must be begun, or not, before another turn: what is given back goes in one
// piece, to come back in its order, and what is asked for again is compared with what is known. l.mu is held.
func (l *life) unsettled() bool {
	return l.unsure || anyUnbegun(l.reports)
}

func anyUnbegun(reports []Report) bool {
	return slices.ContainsFunc(reports, func(r Report) bool { return r.unbegun() })
}

// fitting is how many of the reports go into the next turn, and puts them in front. What is given back goes in one piece,
// however long, to come back in its order: first of all, or, where a turn whose reply was lost may have brought more, when it is
// known. l.mu is held, and no turn is under way.
func (l *life) fitting() int {
	if !anyUnbegun(l.reports) {
		return fitting(l.reports)
	}
	wait := l.unsure && l.gaveBack
	inFront := func(r Report) bool { return r.unbegun() != wait }
	slices.SortStableFunc(l.reports, func(a, b Report) int {
		switch {
		case inFront(a) == inFront(b):
			return 0
		case inFront(a):
			return -1
		default:
			return 1
		}
	})
	front := slices.IndexFunc(l.reports, func(r Report) bool { return !inFront(r) })
	if front < 0 {
		front = len(l.reports)
	}
	if wait {
		return fitting(l.reports[:front])
	}
	return max(front, fitting(l.reports))
}

// fitting is how many of the reports fit into one turn: at least one, where there is one.
func fitting(reports []Report) int {
	n, bytes := 0, 0
	for n < min(len(reports), turnBatch) && (n == 0 || bytes+len(reports[n].Result) <= turnBytes) {
		bytes += len(reports[n].Result)
		n++
	}
	return n
}
