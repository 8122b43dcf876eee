package chaos

import (
	"fmt"
	"strings"

	"github.com/anishathalye/porcupine"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// call is one operation on a task, as whoever made it sees it.
type call struct {
	verb    string // submit, claim, report, lost, cancel, read
	worker  string
	attempt int
	kind    workers.Kind // of a report
}

// The answers to a call. A read is answered with the state.
const (
	answerUnknown = "unknown" // the reply was lost: the call was carried out or was not
	answerDone    = "done"
	answerAgain   = "done before"
	answerRefused = "refused"
	answerFenced  = "lease lost" // the worker is refused whole
	answerAbsent  = "not found"
)

// told is a task's life as far as its users can tell: what stands between two attempts is all one to them. The zero
// value is a task that is not there.
type told struct {
	phase   string // "", waiting, running, or a final state
	attempt int    // spent or running
	worker  string // that runs it
	losses  int
	stop    bool
	last    call   // the report that ended it last, until the next claim or end
	said    string // all reports that were recorded
}

const (
	phaseWaiting = "waiting"
	phaseRunning = "running"
	linearTries  = 4 // max_attempts of each task
)

// lifeModel is the sequential life of one task.
var lifeModel = porcupine.NondeterministicModel{
	Init: func() []any { return []any{told{}} },
	Step: func(state, input, output any) []any {
		was, in, out := state.(told), input.(call), output.(string)
		then, ok := was.step(in, out)
		switch {
		case out == answerUnknown && ok:
			return []any{was, then}
		case out == answerUnknown:
			return []any{was}
		case ok:
			return []any{then}
		default:
			return nil
		}
	},
	DescribeOperation: describe,
}

func describe(input, output any) string {
	in := input.(call)
	return fmt.Sprintf("%s %s %d %s → %s", in.verb, in.worker, in.attempt, in.kind, output)
}

func (l told) final() bool {
	return l.phase == string(queue.Completed) || l.phase == string(queue.Failed) || l.phase == string(queue.Canceled)
}

// step is the life after the call was carried out and answered so; false where there is no such answer. Of an unknown
// answer it is the life where the call had an effect.
func (l told) step(in call, out string) (told, bool) {
	switch in.verb {
	case "submit":
		return l.submitted(out)
	case "claim":
		was := l
		l.phase, l.attempt, l.worker, l.last = phaseRunning, l.attempt+1, in.worker, call{}
		return l, was.phase == phaseWaiting && l.attempt == in.attempt
	case "report":
		return l.reported(in, out)
	case "lost":
		return l.lost(in.worker), true
	case "cancel":
		return l.canceled(out)
	default:
		return l, out == l.phase && in.attempt == l.attempt
	}
}

// submitted: a client that lost a reply asks again by itself, so it may hear that the task, which it made, was there.
func (l told) submitted(out string) (told, bool) {
	if l.phase == "" {
		l.phase = phaseWaiting
		return l, true
	}
	return l, out == answerAgain || out == answerUnknown
}

// reported: a report is recorded where the worker runs this very attempt. Said again it may be known, and must be where
// the task has ended by it. Any other is refused.
func (l told) reported(in call, out string) (told, bool) {
	runs := l.phase == phaseRunning && l.worker == in.worker && l.attempt == in.attempt
	switch out {
	case answerDone, answerUnknown:
		return l.record(in), runs
	case answerAgain:
		return l, strings.Contains(l.said, describe(in, "\n"))
	case answerFenced:
		return l, !runs
	default:
		return l, !runs && (l.last != in || !l.final())
	}
}

func (l told) record(in call) told {
	l.last, l.said, l.worker = in, l.said+describe(in, "\n"), ""
	switch {
	case l.stop || in.kind == workers.Cancel:
		l.phase = string(queue.Canceled)
	case in.kind == workers.Complete:
		l.phase = string(queue.Completed)
	case in.kind == workers.Fail:
		l.phase = string(queue.Failed)
	case in.kind == workers.Release:
		l.phase, l.attempt = phaseWaiting, l.attempt-1
	default:
		l.phase = phaseWaiting
	}
	l.stop = false
	return l
}

func (l told) lost(worker string) told {
	if l.phase != phaseRunning || l.worker != worker {
		return l
	}
	l.losses, l.worker = l.losses+1, ""
	switch {
	case l.stop:
		l.phase = string(queue.Canceled)
	case l.losses >= queue.MaxLosses || l.attempt >= linearTries:
		l.phase = string(queue.Failed)
	default:
		l.phase = phaseWaiting
	}
	l.stop = false
	return l
}

func (l told) canceled(out string) (told, bool) {
	switch {
	case l.phase == "":
		return l, out == answerAbsent
	case l.final():
		return l, out == answerRefused
	case l.phase == phaseRunning:
		l.stop = true
	default:
		l.phase, l.last = string(queue.Canceled), call{}
	}
	return l, out == answerDone || out == answerUnknown
}
