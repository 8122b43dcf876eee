package views

import (
	"slices"
	"strconv"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
)

// The number of rows in the overview's short lists.
const (
	LatestRows  = 8
	FailedRows  = 5
	LongestRows = 5
)

// OverviewData is what the overview is made of. Snap must not be nil.
type OverviewData struct {
	Snap    *monitor.Snapshot
	History []Sample
	Notes   []Sample            // what the monitors noted once a minute, where Span is made of it
	Span    Span                // of the chart; the first one where zero
	ByQueue map[string][]Sample // by name; a queue that is not in it has no rates
	Latest  []queue.Task        // newest first
	Failed  []queue.Task        // newest first
	Failing []queue.FailureGroup
	Stale   bool      // the store does not answer; all this is old
	Drills  bool      // workers may be stopped for drills
	Now     time.Time // by Redis's clock
}

// Overview is the page "/".
type Overview struct {
	First   *First // nil once a task was ever submitted
	Status  Status
	Tiles   []Tile
	Chart   Chart
	Table   *PointTable // the chart's numbers; nil where nobody asked for them
	Queues  QueueTable
	Workers WorkerTable
	Longest []Longest
	Latest  []TaskRow
	Failed  []TaskRow
	Failing []FailureRow
}

// Tile is one big number that links to its details.
type Tile struct {
	Key   string // of its live slots
	Label string
	Value string
	Note  string
	Href  string
	Level string // "", warn or bad: tints the tile
	Meter *Meter // nil for most
	Spark string // SVG path data of a line; empty for most
}

// Meter is a bar that fills.
type Meter struct {
	Key        string
	Label      string // what it measures
	Value, Max string // whole numbers, without separators
}

// Longest is a task that has been running for long.
type Longest struct {
	Key        string
	ID, Href   string
	Type       string
	Queue      string
	Worker     string
	WorkerHref string
	Elapsed    string
}

// NewOverview fills the overview.
func NewOverview(d OverviewData) Overview {
	return Overview{
		First:   newFirst(d),
		Status:  newStatus(d),
		Tiles:   newTiles(d),
		Chart:   newOverviewChart(d),
		Queues:  newQueueTable(d, true),
		Workers: newWorkerTable(d, true),
		Longest: newLongest(d),
		Latest:  newTaskRows(d.Latest, d.Now),
		Failed:  newTaskRows(d.Failed, d.Now),
		Failing: newFailing(d.Failing, d.Now),
	}
}

func newOverviewChart(d OverviewData) Chart {
	if d.Span.Noted {
		return newSpanChart(d.Span, d.Notes, d.Now)
	}
	return newChart(d.History, d.Now)
}

func newTiles(d OverviewData) []Tile {
	submitted, done, _ := RatesAt(d.History, d.Now)
	return []Tile{oldestTile(d), backlogTile(d, submitted, done), doneTile(d, done), rateTile(d), slotsTile(d), failedTile(d)}
}

func oldestTile(d OverviewData) Tile {
	var worst time.Duration
	name := ""
	for _, q := range d.Snap.Queues {
		if w := waited(q, d); w > worst {
			worst, name = w, q.Name
		}
	}
	t := Tile{Key: "tile:oldest", Label: "Oldest waiting", Value: Age(worst), Note: "nothing waits", Href: "/tasks?state=pending"}
	if name != "" {
		t.Note = "in " + name
	}
	if worst > BehindAfter {
		t.Level = "warn"
	}
	return t
}

func backlogTile(d OverviewData, submitted, done float64) Tile {
	backlog := d.Snap.Totals.Pending + d.Snap.Totals.Assigned
	return Tile{
		Key: "tile:backlog", Label: "Backlog", Value: Count(backlog), Note: trend(backlog, submitted, done),
		Href: "/tasks?state=pending",
	}
}

// trend says where the backlog goes. Below a tenth of a task per second no trend can be told from noise.
func trend(backlog int64, submitted, done float64) string {
	const noise = 0.1
	switch drain := done - submitted; {
	case backlog == 0:
		return "no task waits"
	case drain > noise:
		return "clears in ~" + Age(time.Duration(float64(backlog)/drain*float64(time.Second)))
	case drain < -noise:
		return "growing " + Rate(-drain)
	default:
		return "steady"
	}
}

func doneTile(d OverviewData, done float64) Tile {
	return Tile{
		Key: "tile:done", Label: "Done per second", Value: Rate(done),
		Note: Count(d.Snap.Totals.CompletedTotal) + " in all", Href: "/tasks?state=completed",
		Spark: doneSpark(d.History, d.Now),
	}
}

func rateTile(d OverviewData) Tile {
	_, done, failed := sums(d.History, d.Now)
	t := Tile{
		Key: "tile:rate", Label: "Failure rate", Value: Share(failed, done+failed), Note: "in the last 5 min",
		Href: "/tasks?state=failed",
	}
	if failed >= failingCount && failed >= failingShare*(done+failed) {
		t.Level = "bad"
	}
	return t
}

func slotsTile(d OverviewData) Tile {
	s := d.Snap.Totals
	busy := s.Running + s.Assigned
	t := Tile{
		Key: "tile:slots", Label: "Slots busy", Value: Count(busy) + "/" + Count(int64(s.Slots)),
		Note: Plural(int64(s.Workers), "worker"), Href: "/workers",
		Meter: &Meter{
			Key: "tile:slots:m", Label: "Slots busy", Value: strconv.FormatInt(busy, 10), Max: strconv.Itoa(max(1, s.Slots)),
		},
	}
	if s.WorkersLost > 0 {
		t.Note += ", " + Count(int64(s.WorkersLost)) + " lost"
		t.Level = "warn"
	}
	if s.Workers == 0 {
		t.Level = "bad"
	}
	return t
}

func failedTile(d OverviewData) Tile {
	s := d.Snap.Totals
	t := Tile{
		Key: "tile:failed", Label: "Failed", Value: Count(s.Failed), Note: Plural(s.Retry, "task") + " retrying",
		Href: "/failed",
	}
	if s.Failed > 0 {
		t.Level = "bad"
	}
	return t
}

// newLongest merges what all live workers run, longest first.
func newLongest(d OverviewData) []Longest {
	type run struct {
		queue.CurrentTask
		worker, id string
	}
	var runs []run
	for _, w := range d.Snap.Workers {
		if past(w) {
			continue
		}
		for _, t := range w.CurrentTasks {
			runs = append(runs, run{t, w.Name, w.ID})
		}
	}
	slices.SortStableFunc(runs, func(a, b run) int { return a.StartedAt.Compare(b.StartedAt.Time) })
	rows := make([]Longest, 0, LongestRows)
	for _, r := range runs[:min(len(runs), LongestRows)] {
		rows = append(rows, Longest{
			Key: "long:" + r.ID, ID: r.ID, Href: taskHref(r.ID), Type: r.Type, Queue: r.Queue, Worker: r.worker, WorkerHref: WorkerHref(r.id),
			Elapsed: Age(d.Now.Sub(r.StartedAt.Time)),
		})
	}
	return rows
}
