package views

import (
	"fmt"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

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
