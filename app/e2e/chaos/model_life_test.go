package chaos

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// life is all that may ever change of a task, and in sent what may not. The zero value is a task that is not there.
// Times are milliseconds, 0 for none.
type life struct {
	sent                             string
	state                            queue.State
	reason                           queue.Reason
	attempt, losses                  int
	worker, failure, result, history string
	createdAt, due                   int64
	assignedAt, startedAt, endsAt    int64
	stop                             bool // its worker is asked to stop it
}

func livesOf(c *harness.Census) map[string]life {
	lives := map[string]life{}
	for id, t := range c.Tasks {
		lives[id] = life{
			sent: sentOf(t), createdAt: millis(t.CreatedAt), state: t.State, reason: t.Reason, attempt: t.Attempt, losses: t.Losses, worker: t.WorkerID,
			failure: t.Error, result: string(t.Result), history: c.Attempts[id], due: millis(t.RunAt),
			assignedAt: millis(t.AssignedAt), startedAt: millis(t.StartedAt), endsAt: millis(t.FinishedAt),
			stop: t.CancelRequested,
		}
	}
	return lives
}

// sentOf is what the submitter said.
func sentOf(t *queue.Task) string {
	return fmt.Sprintf("%s|%s|%d|%d|%s", t.Queue, t.Type, *t.Priority, t.MaxAttempts, t.Payload)
}

// maxAttempts reads what sentOf wrote.
func (l life) maxAttempts() int {
	n, _ := strconv.Atoi(strings.Split(l.sent, "|")[3]) // queues and types hold no bar
	return n
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// noted is the history after one more finished attempt, whose end is at the next life's time.
func (l life) noted(outcome queue.Outcome, failure string, next life) string {
	begin := fmt.Sprintf("%d|%s|%s|%d|", l.attempt, outcome, l.worker, l.startedAt)
	if l.history != "" {
		begin = l.history + "\n" + begin
	}
	rest, extends := strings.CutPrefix(next.history, begin)
	_, quoted, _ := strings.Cut(rest, "|")
	var got string
	if !extends || strings.Contains(rest, "\n") || json.Unmarshal([]byte(quoted), &got) != nil || got != failure {
		return begin // which no history is
	}
	return next.history
}

// waiting is the life of a task that goes back among the pending ones.
func (l life) waiting() life {
	l.state, l.assignedAt, l.startedAt = queue.Pending, 0, 0
	return l
}

// setApart is the life of one of several tasks that may have taken a worker down: they run one after another.
func (l life) setApart(next life) life {
	l = l.waiting()
	l.state, l.due = queue.Retry, next.due
	return l
}

// final is the life of a task that has ended; at the next one's time.
func (l life) final(state queue.State, reason queue.Reason, next life) life {
	l.state, l.reason, l.endsAt, l.stop = state, reason, next.endsAt, false
	return l
}
