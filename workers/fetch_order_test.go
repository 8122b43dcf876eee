package workers

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// byHand is the life of a worker with one slot, whose turns are made by hand. It runs t0 until the test ends, t1 waits
// for its slot, and behind of them, t000 and so on, stand in the line.
func byHand(w *fetcher, c *queue.Client, behind int) *life {
	gate := make(chan struct{})
	worker := New(c, Handlers{"echo": func(context.Context, *queue.Task) (any, error) { <-gate; return nil, nil }}, Config{})
	worker.cfg, _ = Config{Name: "w", Slots: 1, Log: slog.New(slog.DiscardHandler)}.withDefaults()
	l := newLife(worker)
	l.session = w.Session
	l.impatient = true // patience ends by hand, too: see outOfPatience
	w.t.Cleanup(func() { close(gate); l.attempts.Wait() })
	for range paceTasks {
		l.pace.took(time.Millisecond)
	}
	l.startAll(w.fetch(l.planned()))
	w.add(c, behind)
	return l
}

// planned is the next turn, where nothing waits to be begun.
func (l *life) planned() request {
	r, _ := l.plan(0)
	return r
}

// outOfPatience gives back what waits for a slot, as checkAhead does.
func (l *life) outOfPatience() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.giveBackQueued()
}

// turnByHand makes one turn.
func (w *fetcher) turnByHand(l *life) {
	w.t.Helper()
	r := l.planned()
	verdicts, leases, err := w.turn(w.t.Context(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	l.recorded(r, verdicts)
	if r.adopt {
		l.setUnsure(false)
		leases = l.unknown(leases)
	}
	l.startAll(leases)
}

var inTheirOrder = []string{
	"t1 pending attempt 0 losses 0", "t000 pending attempt 0 losses 0", "t001 pending attempt 0 losses 0",
}

func TestWhatATurnBringsAfterAGiveBackGoesBackInOrder(t *testing.T) {
	eachFetcher(t, 2, func(w *fetcher, c *queue.Client) {
		l := byHand(w, c, 2)
		underWay := l.planned()
		l.outOfPatience()
		l.startAll(w.fetch(underWay))
		w.turnByHand(l)
		expectLine(w.t, c, inTheirOrder...)
	})
}

func TestWhatALostReplyBroughtAfterAGiveBackGoesBackInOrder(t *testing.T) {
	eachFetcher(t, 2, func(w *fetcher, c *queue.Client) {
		l := byHand(w, c, 2)
		underWay := l.planned()
		l.outOfPatience()
		if got := ids(w.fetch(underWay)); !slices.Equal(got, []string{"t000", "t001"}) {
			w.t.Fatalf("the lost reply brought %v", got)
		}
		l.setUnsure(true)
		w.turnByHand(l)
		w.turnByHand(l)
		expectLine(w.t, c, inTheirOrder...)
	})
}
