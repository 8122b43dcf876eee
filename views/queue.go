package views

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// The bounds of a queue's page.
const (
	SampleSize  = 200 // tasks that its wait and run times are of
	shownOnline = 100 // workers that it lists
)

// QueueDetail is the page of one queue.
type QueueDetail struct {
	Row     QueueRow
	Known   bool   // the queue is there
	Summary string // what becomes of its tasks, in a sentence
	Tiles   []Tile
	Counts  []Tab // by state
	Chart   Chart
	Workers []QueueWorker // that take its tasks
	More    string        // "and 12 more", or empty
	Nobody  string        // what stands in the place of the workers where there are none
}

// QueueWorker is a worker that takes tasks from a queue.
type QueueWorker struct {
	Key, ID, Name, Href string
	State               string
	Slots               Meter
	Busy, Weight        string
}

// QueueHref is the address of a queue's page.
func QueueHref(name string) string { return "/queues/" + url.PathEscape(name) }

// NewQueue fills the page of the named queue; ended are the newest of its tasks that ended.
func NewQueue(d OverviewData, name string, ended []queue.Ended) QueueDetail {
	at := slices.IndexFunc(d.Snap.Queues, func(q queue.Queue) bool { return q.Name == name })
	m := QueueDetail{Known: at >= 0}
	q := queue.Queue{Name: name}
	if m.Known {
		q = d.Snap.Queues[at]
	}
	m.Row, m.Counts, m.Chart = newQueueRow(q, d, false), queueTabs(q), newChart(d.ByQueue[name], d.Now)
	m.Tiles = queueTiles(q, d, ended)
	listening := 0
	for _, w := range d.Snap.Workers {
		if !takes(w, name) {
			continue
		}
		if listening++; listening <= shownOnline {
			m.Workers = append(m.Workers, newQueueWorker(w, name))
		}
	}
	if listening > shownOnline {
		m.More = "and " + Count(int64(listening-shownOnline)) + " more"
	}
	m.Summary = queueSummary(q, m.Row.Note, listening)
	m.Nobody = "No worker is listening on " + name + ". Start one:"
	return m
}

func queueSummary(q queue.Queue, note string, listening int) string {
	waiting := q.Pending + q.Assigned
	switch {
	case q.Paused && note != "":
		return note + " " + areWaiting(q.Pending)
	case note != "":
		return note
	case waiting == 0 && listening == 0:
		return "Nothing waits, and no worker is listening."
	case waiting == 0:
		return "Nothing waits. " + Plural(int64(listening), "worker") + " listening."
	}
	return Plural(waiting, "task") + " waiting for " + Plural(int64(listening), "worker") + "."
}

func queueTabs(q queue.Queue) []Tab {
	tabs := []Tab{{Key: "tab:All", Label: "All", Href: TasksHref(queue.Filter{Queue: q.Name})}}
	for _, s := range queue.States {
		tabs = append(tabs, Tab{
			Key: "tab:" + string(s), Label: Title(string(s)), State: string(s), Href: queueHref(q.Name, s), Count: Count(countOf(s, q)),
		})
	}
	return tabs
}

func queueTiles(q queue.Queue, d OverviewData, ended []queue.Ended) []Tile {
	in, out, failed := "–", "–", "–"
	r, known := d.ratesOf(q.Name)
	if known {
		in, out, failed = Rate(r.in), Rate(r.out), Rate(r.failed)
	}
	oldest := Tile{Key: "tile:oldest", Label: "Oldest waiting", Value: Age(waited(q, d)), Note: "nothing waits", Href: queueHref(q.Name, queue.Pending)}
	if q.Pending > 0 {
		oldest.Note = Plural(q.Pending, "task") + " pending"
	}
	if waited(q, d) > BehindAfter {
		oldest.Level = "warn"
	}
	backlog := q.Pending + q.Assigned
	wait, run := newSpread(ended, queue.Ended.Wait), newSpread(ended, queue.Ended.Run)
	all := TasksHref(queue.Filter{Queue: q.Name})
	return []Tile{
		oldest,
		{Key: "tile:backlog", Label: "Backlog", Value: Count(backlog), Note: trend(backlog, r.in, r.out), Href: queueHref(q.Name, queue.Pending)},
		{Key: "tile:in", Label: "In per second", Value: in, Note: "over 10 s; " + Count(q.SubmittedTotal) + " in all", Href: all},
		{Key: "tile:out", Label: "Out per second", Value: out, Note: "over 10 s; failed " + failed, Href: queueHref(q.Name, queue.Failed)},
		{Key: "tile:wait", Label: "Wait p95", Value: wait.p95, Note: wait.note(), Href: queueHref(q.Name, queue.Completed)},
		{Key: "tile:run", Label: "Run p95", Value: run.p95, Note: run.note(), Href: queueHref(q.Name, queue.Completed)},
	}
}

// spread is how long something took, of a sample of n tasks.
type spread struct {
	p50, p95 string
	n        int
}

func newSpread(ended []queue.Ended, of func(queue.Ended) (time.Duration, bool)) spread {
	var took []time.Duration
	for _, e := range ended {
		if d, ok := of(e); ok {
			took = append(took, d)
		}
	}
	if len(took) == 0 {
		return spread{p50: "–", p95: "–"}
	}
	slices.Sort(took)
	return spread{p50: Duration(percentile(took, 50)), p95: Duration(percentile(took, 95)), n: len(took)}
}

// note says what the figures are of: a percentile without its sample says nothing.
func (s spread) note() string {
	switch s.n {
	case 0:
		return "none of its tasks ended lately"
	case 1:
		return "p50 " + s.p50 + "; of the last one that ended"
	}
	return fmt.Sprintf("p50 %s; of the last %d that ended", s.p50, s.n)
}

// percentile is the smallest of sorted, which is not empty, that at least p per cent of them do not exceed.
func percentile(sorted []time.Duration, p int) time.Duration {
	return sorted[(len(sorted)*p+99)/100-1]
}

func newQueueWorker(w queue.Worker, name string) QueueWorker {
	busy, slots := strconv.Itoa(w.Assigned+w.Running), strconv.Itoa(max(1, w.Slots))
	weight, named := w.Queues[name]
	if !named {
		weight = w.Queues["*"]
	}
	key := "w:" + w.ID
	return QueueWorker{
		Key: key, ID: w.ID, Name: w.Name, Href: WorkerHref(w.ID), State: Title(string(w.State)), Busy: busy + "/" + slots,
		Slots: Meter{Key: key + ":slots", Label: "Slots busy", Value: busy, Max: slots}, Weight: strconv.Itoa(max(1, weight)),
	}
}

// queueRates are a queue's tasks per second over RateSpan. Out are those that ended: done or failed for good.
type queueRates struct{ in, out, failed float64 }

// ratesOf returns the rates of a queue; they are not known where it has no history.
func (d OverviewData) ratesOf(name string) (queueRates, bool) {
	history, known := d.ByQueue[name]
	in, done, failed := RatesAt(history, d.Now)
	return queueRates{in, done + failed, failed}, known
}

// OutRates returns the lowest and the highest rate, per second, at which tasks ended over RateSpan, a minute and five
// minutes before now, of those that the history covers and in which any did; 0 and 0 where none did.
func OutRates(history []Sample, now time.Time) (slow, fast float64) {
	for _, span := range []time.Duration{RateSpan, time.Minute, chartSpan} {
		if len(history) == 0 || span > RateSpan && now.Sub(history[0].At) < span {
			break
		}
		_, done, failed := RatesAt(history, now)
		if span > RateSpan {
			r := perSecond(history, now.Add(-span), now)
			done, failed = r[1], r[2]
		}
		switch out := done + failed; {
		case out == 0:
		case slow == 0:
			slow, fast = out, out
		default:
			slow, fast = min(slow, out), max(fast, out)
		}
	}
	return slow, fast
}
