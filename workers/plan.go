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
	n := l.fitting()
	r := request{reports: l.reports[:n], begun: l.begun, adopt: l.unsure}
	overtakes := anyUnbegun(l.reports[n:]) // whatever this turn brought
	if !l.unsure && !overtakes {
		l.gaveBack = false
	}
	if l.draining.IsZero() && !l.fenced && !l.unsure && !overtakes {
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

// fitting is how many of the reports go into the next turn. What is given back waits until it is known whether a turn
// whose reply was lost has brought more. l.mu is held.
func (l *life) fitting() int {
	first := slices.IndexFunc(l.reports, func(r Report) bool { return r.unbegun() })
	if l.unsure && l.gaveBack && first >= 0 {
		return fitting(l.reports[:first])
	}
	return fitting(l.reports)
}

// fitting is how many of the reports go into one turn: at least one, where there is one. What is given back goes in one
// piece, however long, to come back in its order.
func fitting(reports []Report) int {
	n, bytes := 0, 0
	for n < min(len(reports), turnBatch) && (n == 0 || bytes+len(reports[n].Result) <= turnBytes) {
		bytes += len(reports[n].Result)
		n++
	}
	first, behind := len(reports), 0
	for i := range reports {
		if reports[i].unbegun() {
			first, behind = min(first, i), i+1
		}
	}
	switch {
	case first >= n || behind <= n:
		return n
	case first > 0:
		return first
	default:
		return behind
	}
}
