package views

import (
	"math"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Sample is the state of the ever-growing counters at a moment. The history that charts and rates are made of is a
// list of them, oldest first.
type Sample struct {
	At                           time.Time
	Submitted, Completed, Failed int64
}

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

// Chart is the throughput of the last five minutes, ready to draw.
type Chart struct {
	Submitted, Completed, Failed string // SVG path data
	Top                          string // what the upper edge stands for: "20/s"
	Words                        string // the same for those who do not see it
}

func newChart(history []Sample, now time.Time) Chart {
	end := now.Truncate(chartStep) // only whole steps: a half one would read as a drop
	points := make([][3]float64, 0, chartSpan/chartStep)
	for at := end.Add(chartStep - chartSpan); !at.After(end); at = at.Add(chartStep) {
		points = append(points, perSecond(history, at.Add(-chartStep), at))
	}
	top := ceiling(points)
	sub, done, failed := sums(history, now)
	return Chart{
		Submitted: path(points, 0, top), Completed: path(points, 1, top), Failed: path(points, 2, top),
		Top: Rate(top),
		Words: "In the last 5 minutes: " + Count(int64(sub)) + " submitted, " + Count(int64(done)) + " done, " +
			Count(int64(failed)) + " failed.",
	}
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

// ceiling rounds the highest point up to 1, 2 or 5 times a power of ten, at least 1, so that the scale seldom jumps.
func ceiling(points [][3]float64) float64 {
	most := 1.0
	for _, p := range points {
		most = max(most, p[0], p[1], p[2])
	}
	unit := math.Pow(10, math.Floor(math.Log10(most)))
	for _, f := range []float64{1, 2, 5} {
		if most <= f*unit {
			return f * unit
		}
	}
	return 10 * unit
}

// path draws one of the three series. A point between two of the same height adds nothing and is left out: an idle
// system's path is sent every five seconds, too.
func path(points [][3]float64, series int, top float64) string {
	var b strings.Builder
	y := func(i int) int { return int(math.Round(chartHeight * (1 - points[i][series]/top))) }
	step, last := chartWidth/float64(len(points)-1), len(points)-1
	for i := range points {
		if i > 0 && i < last && y(i) == y(i-1) && y(i) == y(i+1) {
			continue
		}
		command := byte('L')
		if i == 0 {
			command = 'M'
		}
		b.WriteByte(command)
		b.WriteString(strconv.Itoa(int(math.Round(float64(i) * step))))
		b.WriteByte(' ')
		b.WriteString(strconv.Itoa(y(i)))
	}
	return b.String()
}
