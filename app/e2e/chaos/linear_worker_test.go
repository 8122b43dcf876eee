package chaos

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// hand is a worker that is made of moves alone: one turn after the other, and a new life whenever it was declared lost.
type hand struct {
	client *queue.Client
	ops    *operations
	rand   *rand.Rand

	session *workers.Session
	running map[string]int // attempt by task
	outbox  []workers.Report
	past    []workers.Report // what it said last in this life
	doubts  bool
	since   int64 // of the doubts

	former     *workers.Session // its life before
	formerPast []workers.Report
}

const handSlots = 3

// work takes turns until done is closed. each is called after each turn.
func (h *hand) work(ctx context.Context, done <-chan struct{}, each func()) {
	for {
		select {
		case <-done:
			return
		default:
		}
		switch {
		case h.session == nil:
			h.register(ctx)
		case h.rand.IntN(8) == 0:
			h.heartbeat(ctx)
		case h.rand.IntN(16) == 0:
			h.haunt(ctx)
		default:
			h.end()
			h.turn(ctx)
			each()
		}
	}
}

// register begins a life. Where the reply is lost, a worker stands there that nobody is: the monitor will find it.
func (h *hand) register(ctx context.Context) {
	s, err := workers.Register(ctx, h.client, workers.Config{Name: "hand", Slots: handSlots}, []string{"echo"})
	if err == nil {
		h.session, h.running, h.outbox, h.past, h.doubts = s, map[string]int{}, nil, nil, false
	}
}

// end lets some of its tasks end, one way or another.
func (h *hand) end() {
	kinds := []workers.Kind{workers.Complete, workers.Complete, workers.Retry, workers.Fail, workers.Release}
	for _, id := range slices.Sorted(maps.Keys(h.running)) {
		if h.rand.IntN(2) == 0 {
			h.report(id, kinds[h.rand.IntN(len(kinds))])
		}
	}
}

func (h *hand) report(id string, kind workers.Kind) {
	attempt, runs := h.running[id]
	if !runs {
		return
	}
	if kind == workers.Retry && attempt == linearTries {
		kind = workers.Fail
	}
	delete(h.running, id)
	r := workers.Report{TaskID: id, Attempt: attempt, Kind: kind, Reason: queue.ReasonError, Outcome: queue.OutcomeError}
	if attempt%2 == 1 { // recorded in a group, where it ended well
		r.Queue = queue.DefaultQueue
	}
	h.outbox, h.past = append(h.outbox, r), append(h.past, r)
	h.past = h.past[max(len(h.past)-20, 0):]
}

func (h *hand) heartbeat(ctx context.Context) {
	orders, err := h.session.Heartbeat(ctx, handSlots)
	if errors.Is(err, workers.ErrLeaseLost) {
		h.die()
		return
	}
	for _, id := range orders.Cancel {
		h.report(id, workers.Cancel)
	}
}

// turn sends the outbox, and at times something said before as well.
func (h *hand) turn(ctx context.Context) {
	from, reports := h.ops.now(), slices.Clone(h.outbox)
	if len(h.past) > 0 && h.rand.IntN(4) == 0 {
		if old := h.past[h.rand.IntN(len(h.past))]; !slices.Contains(reports, old) && h.running[old.TaskID] != old.Attempt {
			reports = append(reports, old)
		}
	}
	verdicts, leases, err := h.converse(ctx, reports)
	h.note(h.session, from, reports, verdicts, err)
	switch {
	case errors.Is(err, workers.ErrLeaseLost):
		h.die()
	case err != nil:
		h.doubt(from)
	default:
		h.outbox = nil
		h.take(leases, from)
	}
}

// note adds what it said, and what it was answered.
func (h *hand) note(s *workers.Session, from int64, reports []workers.Report, verdicts []workers.Verdict, err error) {
	for i, r := range reports {
		said := call{verb: "report", worker: s.ID(), attempt: r.Attempt, kind: r.Kind}
		h.ops.add(r.TaskID, s.ID(), from, said, answerTo(verdicts, i, err))
	}
}

// die ends a life: it was declared lost. What it still had to say it may say when nobody should listen.
func (h *hand) die() {
	for id := range h.running {
		h.report(id, workers.Complete)
	}
	h.former, h.formerPast, h.session = h.session, h.past, nil
}

// haunt reports and asks for work as the worker that it was before it was declared lost.
func (h *hand) haunt(ctx context.Context) {
	if len(h.formerPast) == 0 {
		return
	}
	from, reports := h.ops.now(), []workers.Report{h.formerPast[h.rand.IntN(len(h.formerPast))]}
	verdicts, leases, err := h.former.Turn(ctx, reports, 1)
	h.note(h.former, from, reports, verdicts, err)
	for _, lease := range leases {
		h.ops.add(lease.ID, h.former.ID(), from, call{verb: "claim", worker: h.former.ID(), attempt: lease.Attempt}, answerDone)
	}
}

func (h *hand) converse(ctx context.Context, reports []workers.Report) ([]workers.Verdict, []*queue.Task, error) {
	if h.doubts {
		return h.session.Adopt(ctx, reports)
	}
	return h.session.Turn(ctx, reports, handSlots-len(h.running))
}

func answerTo(verdicts []workers.Verdict, i int, err error) string {
	switch {
	case errors.Is(err, workers.ErrLeaseLost):
		return answerFenced
	case err != nil:
		return answerUnknown
	}
	return map[workers.Verdict]string{
		workers.Refused: answerRefused, workers.Recorded: answerDone, workers.RecordedBefore: answerAgain,
	}[verdicts[i]]
}

func (h *hand) doubt(from int64) {
	if !h.doubts {
		h.doubts, h.since = true, from
	}
	h.ops.doubt(h.session.ID(), from)
}

// take starts what it was given. What it learns of only by asking was given at some time since its doubts began.
func (h *hand) take(leases []*queue.Task, from int64) {
	if h.doubts {
		from = h.since
	}
	h.doubts = false
	for _, lease := range leases {
		if h.running[lease.ID] == lease.Attempt {
			continue
		}
		h.running[lease.ID] = lease.Attempt
		claim := call{verb: "claim", worker: h.session.ID(), attempt: lease.Attempt}
		h.ops.add(lease.ID, h.session.ID(), from, claim, answerDone)
	}
}
