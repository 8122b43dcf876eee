package views

import (
	"fmt"
	"net/url"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// The limits of the status sentence.
const (
	// BehindAfter is how long a task may wait before the queue counts as falling behind.
	BehindAfter = time.Minute
	// failingShare of all tasks that ended within chartSpan, and at least failingCount of them, make it "Failing":
	// one failure among three tasks is an event, not a state.
	failingShare = 0.1
	failingCount = 3
)

// Status is the sentence that answers "is it working?" within five seconds.
type Status struct {
	Slug    string // healthy, behind, failing, noworkers, paused, stale: picks icon and colour
	Word    string // "Falling behind"
	Clauses []Clause
}

// Clause is one problem or fact of the sentence; a problem links to where it shows.
type Clause struct {
	Key  string // of its live slot
	Text string
	Href string // empty for a plain fact
}

// newStatus looks for the worst first: what the reader sees must be what hurts.
func newStatus(d OverviewData) Status {
	s := Status{Slug: "healthy", Word: "Healthy"}
	note := func(slug, word, href, text string) {
		if s.Slug == "healthy" && slug != "" {
			s.Slug, s.Word = slug, word
		}
		s.Clauses = append(s.Clauses, Clause{Key: fmt.Sprintf("status:%d", len(s.Clauses)), Text: text, Href: href})
	}
	if d.Stale {
		note("stale", "Data stale", "", "the store does not answer; the numbers are from "+Clock(d.Snap.At.Time)+" UTC")
	}
	noteWorkers(d, note)
	noteFailing(d, note)
	noteBehind(d, note)
	notePaused(d, note)
	if len(s.Clauses) == 0 {
		s.Clauses = []Clause{{Key: "status:0", Text: calm(d)}}
	}
	return s
}

type noteFunc func(slug, word, href, text string)

func noteWorkers(d OverviewData, note noteFunc) {
	t := d.Snap.Totals
	waiting := t.Pending + t.Assigned
	switch {
	case t.Workers == 0 && waiting > 0:
		note("noworkers", "No workers", "/tasks?state=pending", Plural(waiting, "task")+" waiting and nobody to run them")
	case t.Workers == 0:
		note("noworkers", "No workers", "/workers", "start one: queuepilot worker")
	}
	if t.WorkersLost > 0 {
		note("", "", "/workers", fmt.Sprintf("%d of %s lost", t.WorkersLost, Plural(int64(t.Workers+t.WorkersLost), "worker")))
	}
}

func noteFailing(d OverviewData, note noteFunc) {
	_, done, failed := sums(d.History, d.Now)
	if failed >= failingCount && failed >= failingShare*(done+failed) {
		note("failing", "Failing", "/failed",
			fmt.Sprintf("%s of the tasks that ended in the last %s failed", Share(failed, done+failed), Duration(chartSpan)))
	}
}

func noteBehind(d OverviewData, note noteFunc) {
	for _, q := range d.Snap.Queues {
		if wait := waited(q, d); !q.Paused && wait > BehindAfter {
			note("behind", "Falling behind", queueHref(q.Name, queue.Pending),
				fmt.Sprintf("%s, oldest waiting %s (limit %s)", q.Name, Age(wait), Duration(BehindAfter)))
		}
	}
}

func notePaused(d OverviewData, note noteFunc) {
	for _, q := range d.Snap.Queues {
		if q.Paused {
			note("paused", "Paused", "/queues", fmt.Sprintf("%s is paused, %s waiting", q.Name, Plural(q.Pending, "task")))
		}
	}
}

// calm is the sentence of a system without problems.
func calm(d OverviewData) string {
	t := d.Snap.Totals
	if t.Pending+t.Assigned+t.Running == 0 {
		return fmt.Sprintf("nothing is waiting, %s ready", Plural(int64(t.Workers), "worker"))
	}
	return fmt.Sprintf("%s running, %s waiting", Plural(t.Running, "task"), Count(t.Pending+t.Assigned))
}

// waited is how long the oldest task of q waits by now: the snapshot's number went on growing since it was read,
// unless the data is old, when nobody knows.
func waited(q queue.Queue, d OverviewData) time.Duration {
	if q.OldestPendingSeconds == 0 {
		return 0
	}
	wait := time.Duration(q.OldestPendingSeconds * float64(time.Second))
	if !d.Stale {
		wait += max(0, d.Now.Sub(d.Snap.At.Time))
	}
	return wait
}

// queueHref links to the tasks of a queue in a state.
func queueHref(name string, state queue.State) string {
	return "/tasks?" + url.Values{"queue": {name}, "state": {string(state)}}.Encode()
}

// taskHref links to a task.
func taskHref(id string) string { return "/tasks/" + url.PathEscape(id) }
