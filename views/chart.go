package views

import (
	"math"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/xuniquepatel/queue-pilot/monitor"
)

// Sample is the state of the ever-growing totals at a moment. The history that charts and rates are made of is a list of
// them, oldest first.
type Sample = monitor.Sample

// The chart's span and step: five minutes in sixty steps of five seconds, each about ten pixels wide.
const (
	chartSpan = 5 * time.Minute
	chartStep = 5 * time.Second
	// RateSpan is what a rate is an average over: long enough to be calm, short enough to be now.
	RateSpan = 10 * time.Second
)

// The chart's drawing area in its own units; the page stretches it.
const (
	chartWidth  = 600.0
	chartHeight = 100.0
)

// Chart is the throughput of a span, ready to draw.
type Chart struct {
	Submitted, Completed, Failed string // SVG path data
	Top                          string // what the upper edge stands for: "20/s"
	Words                        string // the same for those who do not see it
	Begins                       string // what the left edge stands for: "5 min ago"
	Span                         Span
	Points                       []Point
}

// newChart draws the last five minutes of a history of this process.
func newChart(history []Sample, now time.Time) Chart { return newSpanChart(Spans[0], history, now) }

func newSpanChart(s Span, samples []Sample, now time.Time) Chart {
	c := Chart{Span: s, Points: Points(s, samples, now), Begins: s.Label + " ago"}
	top := ceiling(c.Points, s)
	c.Top = Rate(top)
	c.Submitted, c.Completed, c.Failed = path(c.Points, 0, top), path(c.Points, 1, top), path(c.Points, 2, top)
	if s.Noted {
		c.Words = notedWords(s, samples, c.Points)
		return c
	}
	if len(samples) > 0 && now.Sub(samples[0].At) < s.Length {
		s.Words = Age(now.Sub(samples[0].At)) // a young process knows no more
	}
	sub, done, failed := sums(samples, now)
	c.Words = countWords(s, [3]float64{sub, done, failed})
	return c
}

func countWords(s Span, n [3]float64) string {
	count := func(n float64) string { return Count(int64(math.Round(n))) }
	return "In the last " + s.Words + ": " + count(n[0]) + " submitted, " + count(n[1]) + " done, " + count(n[2]) + " failed."
}

// RatesAt returns submitted, completed and failed per second over the RateSpan before now.
func RatesAt(history []Sample, now time.Time) (submitted, completed, failed float64) {
	if len(history) == 0 {
		return 0, 0, 0
	}
	from := now.Add(-RateSpan)
	if first := history[0].At; from.Before(first) {
		from = first // a young history gives an average over its own age
	}
	if now.Sub(from) < time.Second {
		return 0, 0, 0
	}
	r := perSecond(history, from, now)
	return r[0], r[1], r[2]
}

// sums counts what happened within chartSpan before now.
func sums(history []Sample, now time.Time) (submitted, completed, failed float64) {
	r := perSecond(history, now.Add(-chartSpan), now)
	s := chartSpan.Seconds()
	return math.Round(r[0] * s), math.Round(r[1] * s), math.Round(r[2] * s)
}

// perSecond returns submitted, completed and failed per second between two moments. Before the history began nothing
// is known, which counts as nothing; a counter that shrank was reset, which does too.
func perSecond(history []Sample, from, to time.Time) [3]float64 {
	a, b := sampleAt(history, from), sampleAt(history, to)
	s := to.Sub(from).Seconds()
	rate := func(a, b int64) float64 { return max(0, float64(b-a)/s) }
	return [3]float64{rate(a.Submitted, b.Submitted), rate(a.Completed, b.Completed), rate(a.Failed, b.Failed)}
}

// sampleAt returns the last sample not after t, or the first one where t is before them all.
func sampleAt(history []Sample, t time.Time) Sample {
	if len(history) == 0 {
		return Sample{}
	}
	next := sort.Search(len(history), func(i int) bool { return history[i].At.After(t) })
	return history[max(0, next-1)]
}

// ceiling rounds the highest point up to 1, 2 or 5 times a power of ten, so that the scale seldom jumps. It is at least 1,
// or 0.1 where a step is long enough for such rates to be seen.
func ceiling(points []Point, s Span) float64 {
	most := 1.0
	if s.Noted {
		most = 0.1
	}
	for _, p := range points {
		most = max(most, p.Values[0], p.Values[1], p.Values[2])
	}
	unit := math.Pow(10, math.Floor(math.Log10(most)))
	const same = 1 + 1e-9 // what is computed from moments between two notes is 10 and a trifle, where it is 10
	for _, f := range []float64{1, 2, 5} {
		if most <= f*unit*same {
			return f * unit
		}
	}
	return 10 * unit
}

// path draws one of the three series, with a hole where nothing is known. A point between two of the same height adds
// nothing and is left out: an idle system's path is sent at every step, too.
func path(points []Point, series int, top float64) string {
	var b strings.Builder
	x := func(i int) int { return int(math.Round(float64(i) * chartWidth / float64(len(points)-1))) }
	y := func(i int) int { return int(math.Round(chartHeight * (1 - points[i].Values[series]/top))) }
	known := func(i int) bool { return i >= 0 && i < len(points) && points[i].Known }
	to := func(command byte, x, y int) {
		b.WriteByte(command)
		b.WriteString(strconv.Itoa(x))
		b.WriteByte(' ')
		b.WriteString(strconv.Itoa(y))
	}
	for i := range points {
		before, after := known(i-1), known(i+1)
		switch {
		case !known(i), before && after && y(i) == y(i-1) && y(i) == y(i+1):
		case before:
			to('L', x(i), y(i))
		case after:
			to('M', x(i), y(i))
		default: // alone: a short line
			to('M', x(i)-1, y(i))
			to('L', x(i)+1, y(i))
		}
	}
	return b.String()
}

// The small line in a tile: five minutes in thirty steps, two units wide each, so that what is sent is short.
const (
	sparkStep   = 10 * time.Second
	sparkWidth  = 58.0
	sparkHeight = 16.0
)

// doneSpark draws what was done per second as the chart does, in steps twice as long.
func doneSpark(history []Sample, now time.Time) string {
	s := Spans[0]
	s.Step = sparkStep
	var values []float64
	for _, p := range Points(s, history, now) {
		values = append(values, p.Values[1])
	}
	return spark(values, sparkWidth, sparkHeight)
}
