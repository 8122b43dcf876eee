package views

import (
	"net/url"
	"sort"
	"time"
)

// Span is what a chart covers.
type Span struct {
	Name   string // in addresses: "1h"
	Label  string // "1 h"
	Words  string // after "the last": "hour"
	Length time.Duration
	Step   time.Duration
	Noted  bool // drawn from what the monitors note once a minute, else from this process's own history
}

// Spans are those that the overview offers; the first is the one where none is named.
var Spans = []Span{
	{Name: "5m", Label: "5 min", Words: "5 minutes", Length: chartSpan, Step: chartStep},
	{Name: "1h", Label: "1 h", Words: "hour", Length: time.Hour, Step: time.Minute, Noted: true},
	{Name: "24h", Label: "24 h", Words: "24 hours", Length: 24 * time.Hour, Step: 10 * time.Minute, Noted: true},
}

// FindSpan returns the named span, the first one for "", and whether there is one of that name.
func FindSpan(name string) (Span, bool) {
	for _, s := range Spans {
		if s.Name == name {
			return s, true
		}
	}
	return Spans[0], name == ""
}

// OverviewHref is the address of the overview with the chart of a span, and with its numbers as a table.
func OverviewHref(s Span, table bool) string {
	v := url.Values{}
	if s.Name != Spans[0].Name {
		v.Set("span", s.Name)
	}
	if table {
		v.Set("chart", "table")
	}
	if len(v) == 0 {
		return "/"
	}
	return "/?" + v.Encode()
}

// Point is what a chart shows of one step.
type Point struct {
	At     time.Time  // its end
	Known  bool       // at least half of the step was measured
	Values [3]float64 // submitted, completed and failed per second, of what was measured
}

const (
	// noteGrace is how long after a minute's begin its note is sure to have been read: a monitor looks every 5 s, and a
	// web process reads ten seconds after the minute's begin. Nothing of a step is drawn earlier, or it would change later.
	noteGrace = 20 * time.Second
	// apart is how far two notes may lie apart that are to be joined by a line: in the time between at most one is missing.
	apart = 2*time.Minute + 30*time.Second
)

// Points returns the points of a span, the oldest first. samples are the notes where the span is made of them, else this
// process's own history.
func Points(s Span, samples []Sample, now time.Time) []Point {
	if s.Noted {
		now = now.Add(-noteGrace)
	}
	end := now.Truncate(s.Step) // only whole steps: a half one would read as a drop
	points := make([]Point, 0, s.Length/s.Step)
	for at := end.Add(s.Step - s.Length); !at.After(end); at = at.Add(s.Step) {
		p := Point{At: at}
		if from := at.Add(-s.Step); s.Noted {
			grown, measured := between(samples, from, at, joined)
			if p.Known = measured >= s.Step/2; p.Known {
				for i := range grown {
					p.Values[i] = grown[i] / measured.Seconds()
				}
			}
		} else if p.Known = len(samples) > 0 && at.After(samples[0].At); p.Known {
			p.Values = perSecond(samples, from, at)
		}
		points = append(points, p)
	}
	return points
}

// between adds up what notes grew between two moments, and how much of that time they cover. Of two notes next to each
// other the totals grew evenly; those that count says nothing of are left out.
func between(notes []Sample, from, to time.Time, count func(a, b Sample) bool) (grown [3]float64, measured time.Duration) {
	next := max(1, sort.Search(len(notes), func(i int) bool { return notes[i].At.After(from) }))
	for i := next; i < len(notes) && notes[i-1].At.Before(to); i++ {
		a, b := notes[i-1], notes[i]
		if !count(a, b) {
			continue
		}
		part := min(b.At.Sub(from), to.Sub(from)) - max(a.At.Sub(from), 0)
		share := part.Seconds() / b.At.Sub(a.At).Seconds()
		for j, n := range [3]int64{b.Submitted - a.Submitted, b.Completed - a.Completed, b.Failed - a.Failed} {
			grown[j] += share * float64(n)
		}
		measured += part
	}
	return grown, measured
}

// monotone reports whether no total shrank: one that did was lost with its Redis, and what came since is not known.
func monotone(a, b Sample) bool {
	return b.Submitted >= a.Submitted && b.Completed >= a.Completed && b.Failed >= a.Failed
}

// joined reports whether it is known how fast the totals grew from a to b: where notes are missing in between, nobody can
// say when they did, unless they did not at all.
func joined(a, b Sample) bool {
	still := a
	still.At = b.At
	return monotone(a, b) && (b.At.Sub(a.At) <= apart || still == b)
}

// notedWords tells what the span's chart is of, in a sentence or two.
func notedWords(s Span, notes []Sample, points []Point) string {
	last := points[len(points)-1].At
	grown, _ := between(notes, last.Add(-s.Length), last, monotone)
	text := countWords(s, grown)
	var missing time.Duration
	for _, p := range points {
		if !p.Known {
			missing += s.Step
		}
	}
	if missing > 0 {
		text += " Nothing was noted for " + Duration(missing) + " of it."
	}
	return text
}
