package views

import (
	"net/url"
	"strconv"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// EndedRows is how many of the tasks that a worker ended last its page shows.
const EndedRows = 20

// WorkerDetail is the page of one worker.
type WorkerDetail struct {
	Known   bool // the worker is there, or was within the last hour
	Key     string
	ID      string
	Name    string
	State   string
	Summary string
	Drain   string // the address of the page that asks; empty where it cannot be drained
	Drill   string // the address of the page that asks; empty where it stops for no drill
	Drilled string // the address of the drill that it was asked to stop for, or empty
	Past    bool   // it runs nothing any more
	Slots   Meter
	Busy    string
	Silent  bool // it has missed heartbeats
	Facts   []Fact
	Tasks   []CurrentCell
	More    string // "and 5 more", or empty
	MoreRef string // where those are
	Ended   []EndedRow
}

// EndedRow is a task that a worker ended.
type EndedRow struct {
	Key, ID, Href    string
	State            string
	Type, Queue      string
	QueueHref        string
	Attempt          string
	Took, At, Moment string // At is the time of day; Moment has the date, for those who hover
}

// WorkerHref is the address of a worker's page.
func WorkerHref(id string) string { return "/workers/" + url.PathEscape(id) }

// NewWorker fills the page of the worker with that id; ended are the tasks that it ended last.
func NewWorker(d OverviewData, id string, ended []queue.Ended) WorkerDetail {
	for _, w := range d.Snap.Workers {
		if w.ID == id {
			return newWorkerDetail(d, w, ended)
		}
	}
	return WorkerDetail{ID: id}
}

func newWorkerDetail(d OverviewData, w queue.Worker, ended []queue.Ended) WorkerDetail {
	now := d.Now
	row := newWorkerRow(w, now, false)
	m := WorkerDetail{
		Known: true, Key: row.Key, ID: w.ID, Name: w.Name, State: row.State, Summary: workerSummary(w), Past: past(w), Slots: row.Slots,
		Busy: row.Busy, Silent: row.Silent, Facts: workerFacts(w, row, now), Ended: endedRows(ended),
		Drill: drillHref(d, w),
	}
	if d.Drills && !m.Past {
		m.Facts = append(m.Facts, drillFact(w, row.Key))
	}
	if d.Drills && w.Drill != "" {
		m.Drilled = DrillHref(w.Drill)
	}
	if w.State == queue.WorkerReady || w.State == queue.WorkerStarting {
		m.Drain = WorkerHref(w.ID) + "/drain"
	}
	if m.Past {
		return m
	}
	m.Tasks = currentCells(w, min(EndedRows, max(1, w.Slots)), now)
	if more := w.Running - min(len(w.CurrentTasks), len(m.Tasks)); more > 0 {
		m.More = "and " + Count(int64(more)) + " more"
		m.MoreRef = TasksHref(queue.Filter{Worker: w.ID, State: queue.Running})
	}
	return m
}

// workerSummary says in one sentence what becomes of the worker's tasks.
func workerSummary(w queue.Worker) string {
	switch w.State {
	case queue.WorkerLost:
		return "It fell silent, and " + Plural(int64(w.Requeued), "task") + " of its were given to others."
	case queue.WorkerGone:
		return "It finished its work and left."
	case queue.WorkerDraining:
		return "It takes nothing new, finishes " + Plural(int64(w.Running), "task") + " and leaves."
	}
	s := "It runs " + Plural(int64(w.Running), "task")
	if w.Assigned > 0 {
		s += " and has " + Count(int64(w.Assigned)) + " more to start"
	}
	return s + "."
}

func workerFacts(w queue.Worker, row WorkerRow, now time.Time) []Fact {
	key := func(name string) string { return row.Key + ":" + name }
	facts := []Fact{
		{Key: key("id"), Label: "Id", Value: w.ID, Code: true},
		{Key: key("queues"), Label: "Queues", Value: orDash(row.Queues)},
		{Key: key("types"), Label: "Types", Value: orDash(row.Types)},
		{Key: key("host"), Label: "Runs on", Value: orDash(w.Host)},
		{Key: key("pid"), Label: "Process", Value: strconv.Itoa(w.PID)},
		{Key: key("version"), Label: "Version", Value: orDash(w.Version)},
		{Key: key("beat"), Label: "Last heartbeat", Value: row.Heartbeat},
		{Key: key("since"), Label: "Started", Value: Moment(w.StartedAt.Time)},
	}
	if !past(w) {
		facts = append(facts, Fact{Key: key("up"), Label: "Up", Value: Age(now.Sub(w.StartedAt.Time))})
	}
	return facts
}

func endedRows(ended []queue.Ended) []EndedRow {
	rows := make([]EndedRow, len(ended))
	for i, e := range ended {
		rows[i] = EndedRow{
			Key: "e:" + e.ID, ID: e.ID, Href: taskHref(e.ID), State: Title(string(e.State)), Type: e.Type, Queue: e.Queue,
			QueueHref: QueueHref(e.Queue), Attempt: strconv.Itoa(e.Attempt), Took: "–", At: Clock(e.FinishedAt), Moment: Moment(e.FinishedAt),
		}
		if run, ok := e.Run(); ok {
			rows[i].Took = Duration(run)
		}
	}
	return rows
}

// ConfirmDrain asks whether w shall finish and leave.
func ConfirmDrain(w queue.Worker) Confirm {
	effect := "It takes no more tasks, finishes the " + strconv.Itoa(w.Running) + " that it runs, and leaves."
	if w.Running == 0 {
		effect = "It takes no more tasks, and leaves. It runs none now."
	}
	if w.Assigned > 0 {
		effect += " " + Plural(int64(w.Assigned), "task") + " that it has not started " + goBack(w.Assigned) + " to the queue."
	}
	return Confirm{
		Question: "Drain worker " + w.ID + "?", Effect: effect + " Nothing is lost; it does not come back by itself.", Verb: "Drain the worker",
		Action: WorkerHref(w.ID) + "/drain", Back: WorkerHref(w.ID),
	}
}

func goBack(n int) string {
	if n == 1 {
		return "goes back"
	}
	return "go back"
}
