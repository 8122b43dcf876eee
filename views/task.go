package views

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// Task is the page of one task.
type Task struct {
	Key         string // "t:<id>", the prefix of its live slots
	ID          string
	State, Slug string // "Running", "running"
	Summary     string // the one sentence about it
	Deleted     bool   // it is gone; only its id is known
	Failure     string // the error of a failed or retrying task, shown first
	Reason      string
	Facts       []Fact
	Payload     Blob
	Result      Blob
	Progress    *Progress
	Attempts    []AttemptRow
	Actions     []Action
}

// Fact is one line of a task's list of facts. Code is shown in monospace.
type Fact struct {
	Key, Label, Value, Href string
	Code, Time              bool
	ISO                     string // of a time; empty while it has none
}

// Blob is JSON as people read it.
type Blob struct {
	Text string // empty for none
	Cut  bool   // only the beginning is shown
	Raw  string // the address of all of it
}

// Progress is what the running handler says of itself.
type Progress struct {
	Meter   Meter
	Words   string // "40 %"
	Message string
}

// AttemptRow is one execution on the time line.
type AttemptRow struct {
	Number, Outcome, Slug string // Slug picks icon and colour: running, completed, failed, canceled, retry
	Worker                string
	Started, ISO          string
	Took, Wait            string // Wait is the time between the end of the one before, or the submit, and its start
	Error                 string
}

// Action is a button: a form that posts, or with Confirm a link to the page that asks first.
type Action struct {
	Label, Href string
	Confirm     bool
	Danger      bool
}

// NewTask fills the page of t; a nil t is a task that was deleted or is kept no longer. why says what a pending one
// waits for (monitor.Snapshot.Why), empty where nothing is known.
func NewTask(id string, t *queue.Task, attempts []queue.Attempt, why string, now time.Time) Task {
	if t == nil {
		return Task{
			Key: "t:" + id, ID: id, State: "Deleted", Slug: "canceled", Deleted: true,
			Summary: "This task was deleted, or the time that it was kept for is over.",
		}
	}
	raw := "/api/v1" + taskHref(t.ID)
	return Task{
		Key: "t:" + t.ID, ID: t.ID, State: Title(string(t.State)), Slug: string(t.State), Summary: summary(t, why, now),
		Failure: failure(t), Reason: Title(string(t.Reason)), Facts: facts(t, now), Payload: blob(t.Payload, raw),
		Result: blob(t.Result, raw), Progress: progress(t), Attempts: attemptRows(t, attempts, now), Actions: actions(t),
	}
}

// summary says in one sentence where the task stands and, while it waits, why.
func summary(t *queue.Task, why string, now time.Time) string {
	switch t.State {
	case queue.Scheduled:
		return fmt.Sprintf("Waits for its time: starts %s.", In(t.RunAt, now))
	case queue.Pending:
		if why == "" {
			why = "It is about to go to a worker."
		}
		return fmt.Sprintf("Waits in queue %s since %s. %s", t.Queue, strings.TrimSuffix(Ago(t.CreatedAt, now), " ago"), why)
	case queue.Assigned:
		return fmt.Sprintf("Given to %s, about to start.", t.WorkerID)
	case queue.Running:
		return running(t, now)
	case queue.Retry:
		return fmt.Sprintf("Attempt %d of %d failed; tries again %s.", t.Attempt, t.MaxAttempts, In(t.RunAt, now))
	case queue.Completed:
		return fmt.Sprintf("Done in %s on %s, %s after its submit.", took(t, now), t.WorkerID, Duration(t.FinishedAt.Sub(t.CreatedAt)))
	case queue.Failed:
		return fmt.Sprintf("Given up after attempt %d of %d, %s.", t.Attempt, t.MaxAttempts, Ago(t.FinishedAt, now))
	}
	return "Canceled " + Ago(t.FinishedAt, now) + "."
}

func running(t *queue.Task, now time.Time) string {
	s := fmt.Sprintf("Attempt %d of %d runs on %s for %s.", t.Attempt, t.MaxAttempts, t.WorkerID, Age(now.Sub(t.StartedAt)))
	if t.CancelRequested {
		s += " It was asked to stop."
	}
	return s
}

func failure(t *queue.Task) string {
	if t.State == queue.Failed || t.State == queue.Retry {
		return t.Error
	}
	return ""
}

func facts(t *queue.Task, now time.Time) []Fact {
	key := func(name string) string { return "t:" + t.ID + ":" + name }
	list := []Fact{
		{Key: key("queue"), Label: "Queue", Value: t.Queue, Href: QueueHref(t.Queue), Code: true},
		{Key: key("type"), Label: "Type", Value: t.Type, Href: TasksHref(queue.Filter{Type: t.Type}), Code: true},
		{Key: key("attempt"), Label: "Attempt", Value: strconv.Itoa(t.Attempt) + " of " + strconv.Itoa(t.MaxAttempts)},
		{Key: key("priority"), Label: "Priority", Value: priority(t)},
		{Key: key("timeout"), Label: "Time-out", Value: timeout(t)},
		workerFact(key("worker"), t.WorkerID),
		moment(key("created"), "Submitted", t.CreatedAt, now),
	}
	if !t.RunAt.IsZero() && !t.State.Final() && t.State != queue.Running {
		list = append(list, Fact{Key: key("run_at"), Label: "Not before", Value: Moment(t.RunAt), Time: true, ISO: ISO(t.RunAt)})
	}
	list = append(list, moment(key("started"), "Started", t.StartedAt, now), moment(key("finished"), "Finished", t.FinishedAt, now))
	if t.Losses > 0 {
		list = append(list, Fact{Key: key("losses"), Label: "Workers lost", Value: strconv.Itoa(t.Losses)})
	}
	if len(t.Tags) > 0 {
		list = append(list, Fact{Key: key("tags"), Label: "Tags", Value: strings.Join(t.Tags, ", ")})
	}
	return list
}

func workerFact(key, id string) Fact {
	f := Fact{Key: key, Label: "Worker", Value: orDash(id), Code: true}
	if id != "" {
		f.Href = WorkerHref(id)
	}
	return f
}

// moment is the fact of a time: the time itself, which never changes, so that it need not be sent again every second.
func moment(key, label string, at, _ time.Time) Fact {
	return Fact{Key: key, Label: label, Value: Moment(at), Time: true, ISO: ISO(at)}
}

func priority(t *queue.Task) string {
	p := queue.DefaultPriority
	if t.Priority != nil {
		p = *t.Priority
	}
	return strconv.Itoa(p) + " of 9"
}

func timeout(t *queue.Task) string {
	if t.Timeout == 0 {
		return Duration(queue.DefaultTimeout)
	}
	return Duration(t.Timeout)
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func blob(raw []byte, href string) Blob {
	if len(raw) == 0 {
		return Blob{}
	}
	text, cut := JSON(raw)
	return Blob{Text: text, Cut: cut, Raw: href}
}

func progress(t *queue.Task) *Progress {
	if t.LastProgress == nil || t.State != queue.Running {
		return nil
	}
	percent := strconv.Itoa(int(min(100, max(0, t.LastProgress.Percent))))
	return &Progress{
		Meter:   Meter{Key: "t:" + t.ID + ":percent", Label: "Progress", Value: percent, Max: "100"},
		Words:   percent + " %",
		Message: firstLine(t.LastProgress.Message),
	}
}

func attemptRows(t *queue.Task, attempts []queue.Attempt, now time.Time) []AttemptRow {
	rows, before := make([]AttemptRow, len(attempts)), t.CreatedAt
	for i, a := range attempts {
		rows[i] = AttemptRow{
			Number: strconv.Itoa(a.Attempt), Outcome: outcome(a), Slug: outcomeSlug(a.Outcome), Worker: a.WorkerID,
			Started: Moment(a.StartedAt), ISO: ISO(a.StartedAt), Wait: Duration(a.StartedAt.Sub(before)), Error: a.Error,
			Took: Duration(a.FinishedAt.Sub(a.StartedAt)),
		}
		if a.FinishedAt.IsZero() {
			rows[i].Took = Age(now.Sub(a.StartedAt))
		}
		before = a.FinishedAt
	}
	return rows
}

func outcome(a queue.Attempt) string {
	if a.Outcome == "" {
		return "Running"
	}
	if a.Outcome == queue.OutcomeOK {
		return "OK"
	}
	return Title(string(a.Outcome))
}

func outcomeSlug(o queue.Outcome) string {
	switch o {
	case "":
		return string(queue.Running)
	case queue.OutcomeOK:
		return string(queue.Completed)
	case queue.OutcomeError, queue.OutcomeTimeout, queue.OutcomeLost:
		return string(queue.Failed)
	}
	return string(queue.Canceled)
}

// actions lists the moves that exist from the task's state, dangerous ones last: they stand apart.
func actions(t *queue.Task) []Action {
	href := taskHref(t.ID)
	var list []Action
	switch t.State {
	case queue.Failed, queue.Canceled:
		list = append(list, Action{Label: "Retry", Href: href + "/retry"})
	case queue.Scheduled, queue.Retry:
		list = append(list, Action{Label: "Run now", Href: href + "/run"})
	}
	switch {
	case t.State == queue.Running && !t.CancelRequested:
		list = append(list, Action{Label: "Cancel", Href: href + "/cancel", Confirm: true, Danger: true})
	case !t.State.Final() && t.State != queue.Running:
		list = append(list, Action{Label: "Cancel", Href: href + "/cancel", Danger: true})
	}
	if t.State != queue.Running && t.State != queue.Assigned {
		list = append(list, Action{Label: "Delete", Href: href + "/delete", Confirm: true, Danger: true})
	}
	return list
}
