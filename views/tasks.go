package views

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
)

// TaskRow is one task in a list.
type TaskRow struct {
	Key         string // "t:<id>", the prefix of its live slots
	ID, Href    string
	Type, Queue string
	State       string // "Running"
	Attempt     string // "1/5"
	Age         string // since its submit
	Took        string // how long it ran, runs, or when it will
	Worker      string
	Error       string // one line, for failed ones
}

// newTaskRows fills one row a task.
func newTaskRows(tasks []queue.Task, now time.Time) []TaskRow {
	rows := make([]TaskRow, len(tasks))
	for i := range tasks {
		rows[i] = NewTaskRow(&tasks[i], now)
	}
	return rows
}

// NewTaskRow fills the row of t.
func NewTaskRow(t *queue.Task, now time.Time) TaskRow {
	return TaskRow{
		Key: "t:" + t.ID, ID: t.ID, Href: taskHref(t.ID), Type: t.Type, Queue: t.Queue, State: Title(string(t.State)),
		Attempt: strconv.Itoa(t.Attempt) + "/" + strconv.Itoa(t.MaxAttempts), Age: Since(t.CreatedAt, now), Took: took(t, now),
		Worker: t.WorkerID, Error: firstLine(t.Error),
	}
}

// took is the time that matters in the task's state.
func took(t *queue.Task, now time.Time) string {
	switch {
	case t.State == queue.Running && !t.StartedAt.IsZero():
		return Age(now.Sub(t.StartedAt))
	case t.State.Final() && !t.StartedAt.IsZero():
		return Duration(t.FinishedAt.Sub(t.StartedAt))
	case (t.State == queue.Scheduled || t.State == queue.Retry) && !t.RunAt.IsZero():
		return In(t.RunAt, now)
	}
	return "–"
}

// firstLine returns the first line of s, at most 160 bytes of it.
func firstLine(s string) string {
	for i, r := range s {
		if r == '\n' || i >= 160 {
			return s[:i] + "…"
		}
	}
	return s
}

// Tab is one state above the list of tasks.
type Tab struct {
	Key, Label, Count, Href string // Count is empty where it is not known under the filter
	State                   string // the state's name, empty for all
	Current                 bool
}

// Tasks is the page "/tasks".
type Tasks struct {
	Tabs                   []Tab
	State, Queue, Type     string // the filter as typed
	Worker, Q              string
	Queues, Types          []string // known names, to choose from
	Rows                   []TaskRow
	Next, First, ShownHref string // links; Next is empty on the last page, First on the first
	CSV, JSON              string // the addresses of the list as files, from its first page on
	Filtered               bool
	Empty                  Empty
	Bulk                   []BulkLink // actions on all tasks under a filter with a state
}

// Empty is what stands in the place of an empty list.
type Empty struct {
	Text    string
	Link    string // the words of the link, empty for none
	Href    string
	AndAlso string // after the link
	Command string // to type, empty for none
}

// TasksData is what the list of tasks is made of. Snap may be nil.
type TasksData struct {
	Snap   *monitor.Snapshot
	Filter queue.Filter
	Page   queue.Page
	Now    time.Time
}

// NewTasks fills the page "/tasks".
func NewTasks(d TasksData) Tasks {
	f := d.Filter
	m := Tasks{
		Tabs: newTabs(d), State: string(f.State), Queue: f.Queue, Type: f.Type, Worker: f.Worker, Q: f.Q,
		Rows: newTaskRows(d.Page.Items, d.Now), ShownHref: TasksHref(f),
		Filtered: f.Queue+f.Type+f.Worker+f.Q != "",
	}
	m.CSV, m.JSON = FileHref(f, "csv"), FileHref(f, "json")
	m.Queues, m.Types = Known(d.Snap)
	if d.Page.Next != "" {
		f.After = d.Page.Next
		m.Next = TasksHref(f)
	}
	if d.Filter.After != "" {
		f.After = ""
		m.First = TasksHref(f)
	}
	m.Empty, m.Bulk = noTasks(d), newBulkLinks(d.Filter)
	return m
}

// FileHref is the address of the list under a filter as a file, from its first page on: kind is csv or json.
func FileHref(f queue.Filter, kind string) string {
	f.After = ""
	return "/tasks." + kind + strings.TrimPrefix(TasksHref(f), "/tasks")
}

// TasksHref is the address of the list under a filter; equal filters have equal addresses.
func TasksHref(f queue.Filter) string {
	v := url.Values{}
	for name, value := range map[string]string{
		"state": string(f.State), "queue": f.Queue, "type": f.Type, "worker": f.Worker, "q": f.Q, "after": f.After,
	} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if len(v) == 0 {
		return "/tasks"
	}
	return "/tasks?" + v.Encode()
}

func newTabs(d TasksData) []Tab {
	f := d.Filter
	tabs := make([]Tab, 0, len(queue.States)+1)
	for _, s := range append([]queue.State{""}, queue.States...) {
		target := f
		target.State, target.After = s, ""
		label := "All"
		if s != "" {
			label = Title(string(s))
		}
		tabs = append(tabs, Tab{
			Key: "tab:" + label, Label: label, State: string(s), Href: TasksHref(target), Current: f.State == s,
			Count: tabCount(d, s),
		})
	}
	return tabs
}

// tabCount is the number of tasks in a state under the filter. Only filters by queue are counted by the store; under
// any other the tab has no number rather than a wrong one.
func tabCount(d TasksData, s queue.State) string {
	f := d.Filter
	if d.Snap == nil || s == "" || f.Type+f.Worker+f.Q != "" {
		return ""
	}
	t := d.Snap.Totals
	if f.Queue == "" {
		return Capped(countOf(s, queue.Queue{
			Pending: t.Pending, Assigned: t.Assigned, Running: t.Running, Scheduled: t.Scheduled, Retry: t.Retry,
			Completed: t.Completed, Failed: t.Failed, Canceled: t.Canceled,
		}))
	}
	for _, q := range d.Snap.Queues {
		if q.Name == f.Queue {
			return Capped(countOf(s, q))
		}
	}
	return "0"
}

func countOf(s queue.State, q queue.Queue) int64 {
	switch s {
	case queue.Scheduled:
		return q.Scheduled
	case queue.Pending:
		return q.Pending
	case queue.Assigned:
		return q.Assigned
	case queue.Running:
		return q.Running
	case queue.Retry:
		return q.Retry
	case queue.Completed:
		return q.Completed
	case queue.Failed:
		return q.Failed
	}
	return q.Canceled
}

// Known lists the queues that exist and the types that live workers run.
func Known(snap *monitor.Snapshot) (queues, types []string) {
	if snap == nil {
		return nil, nil
	}
	for _, q := range snap.Queues {
		queues = append(queues, q.Name)
	}
	for _, w := range snap.Workers {
		if !past(w) {
			types = append(types, w.Types...)
		}
	}
	slices.Sort(types)
	return queues, slices.Compact(types)
}

func noTasks(d TasksData) Empty {
	f := d.Filter
	state := string(f.State)
	switch {
	case f.After != "":
		return Empty{Text: "No more tasks.", Link: "Back to the newest", Href: "/tasks"}
	case f.Queue+f.Type+f.Worker+f.Q != "":
		all := TasksHref(queue.Filter{State: f.State})
		return Empty{Text: "No " + spaced(state) + "tasks under this filter.", Link: "Show all " + spaced(state) + "tasks", Href: all}
	case state != "":
		return Empty{Text: "No " + state + " tasks.", Link: "Show all tasks", Href: "/tasks"}
	}
	return NoTasksYet()
}

// NoTasksYet is the first thing that a new user sees.
func NoTasksYet() Empty {
	return Empty{Text: "No tasks yet.", Link: "Submit one", Href: "/submit", AndAlso: ", or start a worker:", Command: "queuepilot worker"}
}

func spaced(s string) string {
	if s == "" {
		return ""
	}
	return s + " "
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, cmp.Compare[string])
	return keys
}
