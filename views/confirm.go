package views

import (
	"fmt"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// Confirm is the page that asks before something is destroyed.
type Confirm struct {
	Question string // names the exact scope: "Cancel task T1, which runs on w-1?"
	Effect   string
	Verb     string // the button's word
	Action   string // where the form posts to
	Back     string
	Harmless bool // the button need not look dangerous
}

// ConfirmCancel asks whether to stop t.
func ConfirmCancel(t *queue.Task) Confirm {
	m := Confirm{
		Question: "Cancel task " + t.ID + "?", Effect: "It will not run. A canceled task can be retried later.",
		Verb: "Cancel the task", Action: taskHref(t.ID) + "/cancel", Back: taskHref(t.ID),
	}
	if t.State == queue.Running {
		m.Question = "Cancel task " + t.ID + ", which runs on " + t.WorkerID + "?"
		m.Effect = "Its handler is told to stop. What it did so far is not undone."
	}
	return m
}

// ConfirmDelete asks whether to forget t.
func ConfirmDelete(t *queue.Task) Confirm {
	return Confirm{
		Question: "Delete task " + t.ID + ", which is " + string(t.State) + "?",
		Effect:   "Its payload, result and attempts are forgotten. This cannot be undone.",
		Verb:     "Delete the task", Action: taskHref(t.ID) + "/delete", Back: taskHref(t.ID),
	}
}

// ConfirmRetry asks whether to run t again.
func ConfirmRetry(t *queue.Task) Confirm {
	m := Confirm{
		Question: fmt.Sprintf("Retry task %s, which is %s after attempt %d of %d?", t.ID, t.State, t.Attempt, t.MaxAttempts),
		Effect:   "It starts again at attempt 1. What its attempts did so far is not undone.",
		Verb:     "Retry the task", Action: taskHref(t.ID) + "/retry", Back: taskHref(t.ID), Harmless: true,
	}
	if t.State == queue.Retry {
		m.Question = fmt.Sprintf("Retry task %s now? It waits after attempt %d of %d.", t.ID, t.Attempt, t.MaxAttempts)
		m.Effect = "It goes back to its queue at once, for its next attempt."
	}
	return m
}
