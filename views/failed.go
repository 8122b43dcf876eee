package views

import (
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
)

// FailingRows is how many groups the overview shows.
const FailingRows = 5

// FailedData is what the page "/failed" is made of. Snap may be nil.
type FailedData struct {
	Snap        *monitor.Snapshot
	Failures    *queue.Failures // nil before the first read
	Groups      []queue.FailureGroup
	Redrives    []queue.Redrive // newest first
	Queue, Type string          // the filter
	Now         time.Time       // by Redis's clock
}

// Failed is the page "/failed".
type Failed struct {
	Note          string // "3 groups, of 120 failed tasks."
	Queue, Type   string // the filter as typed
	Queues, Types []string
	Filtered      bool
	Rows          []FailureRow
	Redrives      []RedriveView // under way
	Empty         Empty
}

// FailureRow is one group of failed tasks.
type FailureRow struct {
	Key         string // "f:<group>", the prefix of its live slots
	Href        string
	Type, Text  string // Text is the fingerprint
	Example     string
	Count, Hour string // all, and of the last hour
	First, Last string // "12 s ago"
	Queues      string
	Spark       string // SVG path data: failures a minute in the last hour, on 120 × 24
	TasksHref   string
	RedriveHref string
}

// NewFailed fills the page "/failed".
func NewFailed(d FailedData) Failed {
	m := Failed{
		Note: failedNote(d), Queue: d.Queue, Type: d.Type, Filtered: d.Queue+d.Type != "", Rows: newFailureRows(d.Groups, d.Now),
		Empty: Empty{Text: "No failed tasks.", Link: "Show all tasks", Href: "/tasks"},
	}
	m.Queues, m.Types = Known(d.Snap)
	if m.Filtered {
		m.Empty = Empty{Text: "No failed tasks under this filter.", Link: "Show all groups", Href: "/failed"}
	}
	for i := range d.Redrives {
		if d.Redrives[i].State == queue.RedriveRunning {
			m.Redrives = append(m.Redrives, newRedriveView(&d.Redrives[i], d.Now))
		}
	}
	return m
}

func failedNote(d FailedData) string {
	if d.Failures == nil {
		return ""
	}
	n := 0
	for i := range d.Groups {
		n += d.Groups[i].Count
	}
	note := Plural(int64(n), "failed task") + " in " + Plural(int64(len(d.Groups)), "group")
	if d.Failures.Partial() {
		return note + ", of the newest " + Count(queue.MaxFailures) + " of " + Count(d.Failures.Total) + " failed tasks."
	}
	return note + "."
}

// FailedHref is the address of the groups under a filter; equal filters have equal addresses.
func FailedHref(queue, kind string) string {
	v := url.Values{}
	if queue != "" {
		v.Set("queue", queue)
	}
	if kind != "" {
		v.Set("type", kind)
	}
	if len(v) == 0 {
		return "/failed"
	}
	return "/failed?" + v.Encode()
}

// FailureHref is the address of a group's page.
func FailureHref(group string) string { return "/failed/" + url.PathEscape(group) }

func newFailureRows(groups []queue.FailureGroup, now time.Time) []FailureRow {
	rows := make([]FailureRow, len(groups))
	for i := range groups {
		rows[i] = newFailureRow(&groups[i], now)
	}
	return rows
}

// newFailing is the overview's short list.
func newFailing(groups []queue.FailureGroup, now time.Time) []FailureRow {
	return newFailureRows(groups[:min(len(groups), FailingRows)], now)
}

func newFailureRow(g *queue.FailureGroup, now time.Time) FailureRow {
	return FailureRow{
		Key: "f:" + g.Group, Href: FailureHref(g.Group), Type: g.Type, Text: errorWords(g.Fingerprint), Example: g.Example,
		Count: Count(int64(g.Count)), Hour: Count(int64(g.LastHour)), First: Since(g.FirstSeen, now), Last: Since(g.LastSeen, now),
		Queues: strings.Join(g.Queues, ", "), Spark: spark(g.Minutes[:], 120, 24),
		TasksHref:   TasksHref(queue.Filter{State: queue.Failed, Type: g.Type}),
		RedriveHref: FailureHref(g.Group) + "/redrive",
	}
}

func errorWords(fingerprint string) string {
	if fingerprint == "" {
		return "An error without text"
	}
	return fingerprint
}

// spark draws a small line of n values, the highest at the top. Points on a level line are left out.
func spark[T int | float64](values []T, width, height float64) string {
	top, last := float64(max(1, slices.Max(values))), len(values)-1
	y := func(i int) int { return int(math.Round((height-2)*(1-float64(values[i])/top))) + 1 }
	var b strings.Builder
	for i := range values {
		if i > 0 && i < last && y(i) == y(i-1) && y(i) == y(i+1) {
			continue
		}
		command := "L"
		if i == 0 {
			command = "M"
		}
		b.WriteString(command + strconv.Itoa(int(math.Round(float64(i)*width/float64(last)))) + " " + strconv.Itoa(y(i)))
	}
	return b.String()
}

// FailurePage is the page of one group, "/failed/{group}".
type FailurePage struct {
	Key, Type, Text string
	Example         string
	Row             *FailureRow // nil where no task of it is failed any more
	Newest          []FailureTask
	Redrive         *RedriveView // the last one; nil where there was none
	CanRedrive      bool
	TasksHref       string
}

// FailureTask is one task of a group.
type FailureTask struct{ Key, ID, Href, Queue, Age string }

// NewFailurePage fills the page of a group; g is nil where no task of it is failed, r where it was never redriven. One of
// them must be there.
func NewFailurePage(g *queue.FailureGroup, r *queue.Redrive, now time.Time) FailurePage {
	var m FailurePage
	if r != nil {
		view := newRedriveView(r, now)
		m = FailurePage{Key: "f:" + r.Group, Type: r.Type, Text: errorWords(r.Fingerprint), Example: r.Example, Redrive: &view}
	}
	if g != nil {
		row := newFailureRow(g, now)
		m.Key, m.Type, m.Text, m.Example, m.Row = row.Key, row.Type, row.Text, row.Example, &row
		m.CanRedrive = r == nil || r.State != queue.RedriveRunning
		for _, f := range g.Newest {
			m.Newest = append(m.Newest, FailureTask{
				Key: "t:" + f.ID, ID: f.ID, Href: taskHref(f.ID), Queue: f.Queue, Age: Since(time.UnixMilli(f.At), now),
			})
		}
	}
	m.TasksHref = TasksHref(queue.Filter{State: queue.Failed, Type: m.Type})
	return m
}
