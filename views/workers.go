package views

import (
	"strconv"
	"strings"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// shownTasks is how many of a worker's current tasks a page shows; the overview shows fewer. A cell exists for each
// from the start, so that a task that comes or goes changes text and not structure.
const (
	shownTasks        = 12
	shownTasksCompact = 2
)

// WorkerTable is the list of workers, on the overview and on the page "/workers".
type WorkerTable struct {
	Compact bool
	Live    []WorkerRow
	Past    []PastWorker // lost and gone ones; on the overview only the lost
	Folded  string       // of the page: "1 lost and 3 gone"
	Drills  bool         // of the page: rows may lead to drills
}

// WorkerRow is one live worker.
type WorkerRow struct {
	Key       string // "w:<id>", the prefix of its live slots
	ID, Name  string
	State     string // "Ready"
	Where     string // "host:pid, v1.0"
	Queues    string // "default, critical ×5"
	Types     string
	Slots     Meter
	Busy      string // "3/8"
	Heartbeat string // "1 s ago"
	Silent    bool   // it has missed heartbeats
	Up        string
	Tasks     []CurrentCell
	More      string // "and 5 more", or empty
	Drill     string // the address of the page that asks; empty where it stops for no drill
}

// CurrentCell is a place for one current task; ID is empty where there is none.
type CurrentCell struct{ Key, ID, Kind, Elapsed string } // Kind is "echo in default"

// PastWorker is a worker that runs nothing any more.
type PastWorker struct {
	Key       string
	ID, Name  string
	State     string // "Lost" or "Gone"
	Heartbeat string
	Requeued  string // what became of its tasks
}

// past reports whether the worker has ended, well or badly.
func past(w queue.Worker) bool { return w.State == queue.WorkerLost || w.State == queue.WorkerGone }

// NewWorkers fills the page "/workers".
func NewWorkers(d OverviewData) WorkerTable { return newWorkerTable(d, false) }

func newWorkerTable(d OverviewData, compact bool) WorkerTable {
	t := WorkerTable{Compact: compact, Drills: d.Drills && !compact}
	for _, w := range d.Snap.Workers {
		switch {
		case !past(w):
			row := newWorkerRow(w, d.Now, compact)
			row.Drill = drillHref(d, w)
			t.Live = append(t.Live, row)
		case !compact || w.State == queue.WorkerLost:
			t.Past = append(t.Past, newPastWorker(w, d.Now))
		}
	}
	if !compact {
		t.Folded = folded(d.Snap.Workers)
	}
	return t
}

// folded counts the workers that are past, for the line under which they are folded away.
func folded(workers []queue.Worker) string {
	n := map[queue.WorkerState]int{}
	for _, w := range workers {
		n[w.State]++
	}
	var words []string
	for _, s := range []queue.WorkerState{queue.WorkerLost, queue.WorkerGone} {
		if n[s] > 0 {
			words = append(words, strconv.Itoa(n[s])+" "+string(s))
		}
	}
	return strings.Join(words, " and ")
}

// silentAfter is when a missing heartbeat starts to show: three of the default interval. A worker is lost after five.
const silentAfter = 3 * time.Second

func newWorkerRow(w queue.Worker, now time.Time, compact bool) WorkerRow {
	busy, slots := strconv.Itoa(w.Assigned+w.Running), strconv.Itoa(max(1, w.Slots))
	row := WorkerRow{
		Key: "w:" + w.ID, ID: w.ID, Name: w.Name, State: Title(string(w.State)), Where: where(w),
		Queues: weights(w.Queues), Types: strings.Join(w.Types, ", "),
		Slots: Meter{Key: "w:" + w.ID + ":slots", Label: "Slots busy", Value: busy, Max: slots},
		Busy:  busy + "/" + slots, Heartbeat: Ago(w.LastHeartbeatAt.Time, now),
		Silent: now.Sub(w.LastHeartbeatAt.Time) > silentAfter, Up: Age(now.Sub(w.StartedAt.Time)),
	}
	limit := shownTasks
	if compact {
		limit = shownTasksCompact
	}
	row.Tasks = currentCells(w, min(limit, max(1, w.Slots)), now)
	if more := w.Running - len(row.Tasks); more > 0 {
		row.More = "and " + strconv.Itoa(more) + " more"
	}
	return row
}

func currentCells(w queue.Worker, n int, now time.Time) []CurrentCell {
	cells := make([]CurrentCell, n)
	for i := range cells {
		cells[i].Key = "w:" + w.ID + ":t" + strconv.Itoa(i)
		if i < len(w.CurrentTasks) {
			cells[i].ID, cells[i].Kind = w.CurrentTasks[i].ID, w.CurrentTasks[i].Type+" in "+w.CurrentTasks[i].Queue
			cells[i].Elapsed = Age(now.Sub(w.CurrentTasks[i].StartedAt.Time))
		}
	}
	return cells
}

func newPastWorker(w queue.Worker, now time.Time) PastWorker {
	p := PastWorker{
		Key: "w:" + w.ID, ID: w.ID, Name: w.Name, State: Title(string(w.State)),
		Heartbeat: Ago(w.LastHeartbeatAt.Time, now), Requeued: "finished its work",
	}
	if w.State == queue.WorkerLost {
		p.Requeued = Plural(int64(w.Requeued), "task") + " given to others"
	}
	return p
}

func where(w queue.Worker) string {
	s := w.Host
	if w.PID > 0 {
		s += ":" + strconv.Itoa(w.PID)
	}
	if w.Version != "" {
		s += " · " + w.Version
	}
	return s
}

// weights writes a worker's queues as its flag does: names in order, weights above 1 after them.
func weights(queues map[string]int) string {
	names := make([]string, 0, len(queues))
	for _, name := range sortedKeys(queues) {
		label := name
		if name == "*" {
			label = "every queue"
		}
		if queues[name] > 1 {
			label += " ×" + strconv.Itoa(queues[name])
		}
		names = append(names, label)
	}
	return strings.Join(names, ", ")
}
