package chaos

import (
	"fmt"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// move is what the test did between two looks at the cell.
type move struct {
	name    string
	id      string                    // of the task that it was about
	worker  string                    // whose turn, loss, drain or leave it was
	last    string                    // the task that alone began last on a worker that is lost, "" for none
	sent    map[string]queue.Task     // submit
	reports map[string]workers.Report // of a turn
	refused bool                      // the answer was that the task's state does not allow it
	done    bool                      // the answer was that it is done
	began   int64                     // ms
}

// step is one arrow of the state diagram: it makes of a task's life the one behind the arrow. Where the arrow leaves
// something open, such as which worker or what time, it is taken from next, the life that was found after the move. It
// says false where the move cannot take this arrow from there.
type step func(m *move, id string, now, next life) (life, bool)

// stepsOf is the table: the arrows that each move may take, in any order and as often as one move may. A move that is
// not named changes no task.
var stepsOf = map[string][]step{
	"submit":      {submitted, assigned},
	"turn":        {reported, assigned, started},
	"schedule":    {promoted, assigned},
	"level":       {takenBack, assigned},
	"drain":       {takenBack},
	"leave":       {takenBack},
	"lose worker": {takenBack, lost},
	"cancel":      {canceled, assigned},
	"redrive":     {redriven, assigned},
	"run now":     {runNow, assigned},
	"delete":      {deleted},
	"purge":       {purged},
}

// mostSteps is how many arrows one task may go in one move: two turns with the same reports release it, assign it to
// the worker and start it.
const mostSteps = 4

// leads tells whether the move may make next of now.
func (m *move) leads(id string, now, next life, most int) bool {
	if now == next {
		return true
	}
	for _, s := range stepsOf[m.name] {
		then, ok := s(m, id, now, next)
		if ok && most > 0 && m.leads(id, then, next, most-1) {
			return true
		}
	}
	return false
}

// recent tells whether the time is of this move.
func (m *move) recent(ms int64) bool { return ms >= m.began && ms <= time.Now().UnixMilli() }

func submitted(m *move, id string, now, next life) (life, bool) {
	t, ours := m.sent[id]
	if now != (life{}) || !ours {
		return now, false
	}
	then := life{sent: sentOf(&t), createdAt: next.createdAt, state: queue.Pending}
	if t.Delay > 0 {
		then.state, then.due = queue.Scheduled, next.due
	}
	return then, m.recent(then.createdAt) && (then.due == 0 || then.due == then.createdAt+t.Delay.Milliseconds())
}

func assigned(m *move, _ string, now, next life) (life, bool) {
	from := now.state
	now.state, now.worker, now.assignedAt = queue.Assigned, next.worker, next.assignedAt
	return now, from == queue.Pending && now.worker != "" && m.recent(now.assignedAt)
}

func started(m *move, _ string, now, next life) (life, bool) {
	from := now.state
	now.state, now.attempt, now.startedAt = queue.Running, now.attempt+1, next.startedAt
	return now, from == queue.Assigned && now.worker == m.worker && m.recent(now.startedAt)
}

// reported records what the worker said of the attempt that it runs; a task that it was asked to stop is canceled.
func reported(m *move, id string, now, next life) (life, bool) {
	r, ours := m.reports[id]
	if !ours || now.state != queue.Running || now.worker != m.worker || now.attempt != r.Attempt {
		return now, false
	}
	if now.stop {
		now.failure, now.history = r.Error, now.noted(queue.OutcomeCanceled, r.Error, next)
		return now.final(queue.Canceled, queue.ReasonCanceled, next), m.recent(next.endsAt)
	}
	if r.Kind == workers.Complete {
		now.result, now.failure = r.Result, ""
		return now.final(queue.Completed, "", next), m.recent(next.endsAt)
	}
	now.history = now.noted(r.Outcome, r.Error, next)
	switch r.Kind {
	case workers.Release:
		now.attempt, now.failure = now.attempt-1, ""
		return now.waiting(), true
	case workers.Retry:
		now = now.waiting()
		now.state, now.failure, now.due = queue.Retry, r.Error, next.due
		return now, m.recent(next.due - r.Delay.Milliseconds())
	default:
		now.failure = r.Error
		return now.final(queue.Failed, r.Reason, next), m.recent(next.endsAt)
	}
}

func promoted(_ *move, _ string, now, _ life) (life, bool) {
	from := now.state
	now.state = queue.Pending
	return now, (from == queue.Scheduled || from == queue.Retry) && now.due <= time.Now().UnixMilli()
}

// takenBack: what was assigned and not started. One that was never started anywhere is as it was submitted.
func takenBack(m *move, _ string, now, _ life) (life, bool) {
	ours := now.state == queue.Assigned && (m.name == "level" || now.worker == m.worker)
	now = now.waiting()
	if now.attempt == 0 && now.losses == 0 && now.due == 0 {
		now.worker, now.failure = "", ""
	}
	return now, ours
}

// lost: its worker was declared lost while it ran.
func lost(m *move, id string, now, next life) (life, bool) {
	ours := now.state == queue.Running && now.worker == m.worker
	now.losses, now.failure = now.losses+1, fmt.Sprintf("worker %s was lost", now.worker)
	now.history = now.noted(queue.OutcomeLost, now.failure, next)
	switch {
	case now.stop:
		now = now.final(queue.Canceled, queue.ReasonCanceled, next)
	case now.losses >= 2*queue.MaxLosses, now.losses >= queue.MaxLosses && id == m.last:
		now = now.final(queue.Failed, queue.ReasonWorkerLost, next)
	case now.attempt >= now.maxAttempts():
		now = now.final(queue.Failed, queue.ReasonAttemptsExhausted, next)
	case now.losses >= queue.MaxLosses-1 && next.state == queue.Retry:
		return now.setApart(next), ours && next.due >= m.began+2*leaseForEver.Milliseconds()
	default:
		return now.waiting(), ours
	}
	return now, ours && m.recent(now.endsAt)
}

// canceled stops a task for good, but for a running one, which its worker is asked to stop.
func canceled(m *move, id string, now, next life) (life, bool) {
	if id != m.id || now.state.Final() || now.state == "" {
		return now, false
	}
	if now.state == queue.Running {
		now.stop = true
		return now, true
	}
	return now.final(queue.Canceled, queue.ReasonCanceled, next), m.recent(next.endsAt)
}

// redriven starts a final task anew, with its history kept; one that waits for its backoff goes at once.
func redriven(m *move, id string, now, next life) (life, bool) {
	if id != m.id {
		return now, false
	}
	if now.state == queue.Retry {
		return runNow(m, id, now, next)
	}
	anew := life{sent: now.sent, createdAt: now.createdAt, state: queue.Pending, history: now.history}
	return anew, now.state == queue.Failed || now.state == queue.Canceled
}

func runNow(m *move, id string, now, next life) (life, bool) {
	from := now.state
	now.state, now.due = queue.Pending, next.due
	return now, id == m.id && (from == queue.Scheduled || from == queue.Retry) && m.recent(now.due)
}

func deleted(m *move, id string, now, _ life) (life, bool) {
	return life{}, id == m.id && now.state != queue.Assigned && now.state != queue.Running
}

// purged: the test's purger keeps one completed task.
func purged(_ *move, _ string, now, _ life) (life, bool) {
	return life{}, now.state == queue.Completed
}

// allowedFrom are the states from which a user's verb is not refused.
var allowedFrom = map[string][]queue.State{
	"cancel":  {queue.Scheduled, queue.Pending, queue.Assigned, queue.Running, queue.Retry},
	"redrive": {queue.Failed, queue.Canceled, queue.Retry},
	"run now": {queue.Scheduled, queue.Retry, queue.Pending},
	"delete":  {queue.Scheduled, queue.Pending, queue.Retry, queue.Completed, queue.Failed, queue.Canceled},
}
