package views

import (
	"cmp"
	"slices"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// QueueTable is the list of queues, on the overview and on the page "/queues".
type QueueTable struct {
	Compact bool     // the overview's form: fewer columns
	Heads   []string // of the columns of counts
	Rows    []QueueRow
}

// QueueRow is one queue.
type QueueRow struct {
	Key        string // "q:email", the prefix of its live slots
	Name, Href string
	Paused     bool
	State      string // "Paused" or "Active"
	Note       string // why its tasks wait, where they do for long
	Oldest     string
	In, Out    string // per second; "–" where not known
	Counts     []QueueCount
	Action     string // the address that its button posts to
	Purge      string // the address of the page that asks before its pending tasks are deleted; empty where Compact
}

// QueueCount is the number of a queue's tasks in one state.
type QueueCount struct{ Key, Label, State, Value, Href string }

func newQueueTable(d OverviewData, compact bool) QueueTable {
	queues := slices.Clone(d.Snap.Queues)
	slices.SortFunc(queues, func(a, b queue.Queue) int { return cmp.Compare(a.Name, b.Name) })
	t := QueueTable{Compact: compact, Heads: heads(compact), Rows: make([]QueueRow, len(queues))}
	for i, q := range queues {
		t.Rows[i] = newQueueRow(q, d, compact)
	}
	return t
}

// NewQueues fills the page "/queues".
func NewQueues(d OverviewData) QueueTable { return newQueueTable(d, false) }

func newQueueRow(q queue.Queue, d OverviewData, compact bool) QueueRow {
	row := QueueRow{
		Key: "q:" + q.Name, Name: q.Name, Href: QueueHref(q.Name), In: "–", Out: "–",
		Paused: q.Paused, State: "Active", Note: queueNote(q, d), Oldest: "–", Counts: newCounts(q, compact),
		Action: QueueHref(q.Name) + "/pause",
	}
	if !compact {
		row.Purge = BulkHref(queue.ActionDelete, queue.Filter{State: queue.Pending, Queue: q.Name})
	}
	if q.Paused {
		row.State, row.Action = "Paused", QueueHref(q.Name)+"/resume"
	}
	if r, known := d.ratesOf(q.Name); known {
		row.In, row.Out = Rate(r.in), Rate(r.out)
	}
	if wait := waited(q, d); wait > 0 {
		row.Oldest = Age(wait)
	}
	return row
}

// The states that the two forms of the table count. The address of each cell is the list of those tasks.
var (
	allCounts     = []queue.State{queue.Pending, queue.Assigned, queue.Running, queue.Scheduled, queue.Retry, queue.Completed, queue.Failed}
	compactCounts = []queue.State{queue.Pending, queue.Running, queue.Retry, queue.Completed, queue.Failed}
)

func newCounts(q queue.Queue, compact bool) []QueueCount {
	states := allCounts
	if compact {
		states = compactCounts
	}
	counts := make([]QueueCount, len(states))
	for i, s := range states {
		counts[i] = QueueCount{
			Key: "q:" + q.Name + ":" + string(s), Label: Title(string(s)), State: string(s),
			Value: Count(countOf(s, q)), Href: queueHref(q.Name, s),
		}
	}
	return counts
}

// heads names the columns of counts.
func heads(compact bool) []string {
	counts := newCounts(queue.Queue{}, compact)
	names := make([]string, len(counts))
	for i, c := range counts {
		names[i] = c.Label
	}
	return names
}

// queueNote says in words why tasks of q wait and will go on waiting.
func queueNote(q queue.Queue, d OverviewData) string {
	switch {
	case q.Pending == 0:
		return ""
	case q.Paused:
		return pausedNote(q, d.Now)
	case !served(q.Name, d.Snap.Workers):
		return "No worker is listening on " + q.Name + ". " + areWaiting(q.Pending)
	}
	return ""
}

func areWaiting(n int64) string {
	if n == 1 {
		return "1 task is waiting."
	}
	return Count(n) + " tasks are waiting."
}

func pausedNote(q queue.Queue, now time.Time) string {
	if q.PausedAt == nil {
		return ""
	}
	return "Paused " + Ago(q.PausedAt.Time, now) + "."
}

// served reports whether a worker takes tasks from the queue.
func served(name string, workers []queue.Worker) bool {
	return slices.ContainsFunc(workers, func(w queue.Worker) bool { return takes(w, name) })
}

// takes reports whether w takes new tasks from the queue; one that is draining does not.
func takes(w queue.Worker, name string) bool {
	if past(w) || w.State == queue.WorkerDraining {
		return false
	}
	_, named := w.Queues[name]
	_, every := w.Queues["*"]
	return named || every || len(w.Queues) == 0
}
