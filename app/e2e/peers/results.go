package main

import (
	"slices"
	"strings"
)

// results are the figures of all rounds, by the name of the line and the key of the column.
type results map[string]map[string]*figure

// figure is one cell of the table.
type figure struct {
	rounds []float64 // in order; none where the peer has no such thing
}

// add notes what a measurement gave in one round: a figure for each of its columns, or that the peer has none.
func (r results) add(lineName string, m measurement, figures []float64, has bool) {
	if r[lineName] == nil {
		r[lineName] = map[string]*figure{}
	}
	for i, c := range m.columns {
		f := r[lineName][c.key]
		if f == nil {
			f = &figure{}
			r[lineName][c.key] = f
		}
		if has {
			f.rounds = append(f.rounds, figures[i])
		}
	}
}

// last is what a measurement gave in the last round, for people.
func (r results) last(lineName string, m measurement) string {
	var texts []string
	for _, c := range m.columns {
		f := r[lineName][c.key]
		if len(f.rounds) == 0 {
			return none
		}
		texts = append(texts, c.unit.text(f.rounds[len(f.rounds)-1]))
	}
	return strings.Join(texts, " / ")
}

// median is that of the rounds; false where the line was not measured, or the peer has no such thing.
func (r results) median(lineName string, c column) (float64, bool) {
	f := r[lineName][c.key]
	if f == nil || len(f.rounds) == 0 {
		return 0, false
	}
	return median(f.rounds), true
}

// median of an even number of figures is the middle between the middle two.
func median(figures []float64) float64 {
	sorted := slices.Sorted(slices.Values(figures))
	half := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[half-1] + sorted[half]) / 2
	}
	return sorted[half]
}

// times is how many times better one line is than another in a column: so many times the rate, or so many times less of
// what should be little. It is false where one of them has no figure.
func (r results) times(better, than string, c column) (float64, bool) {
	a, hasA := r.median(better, c)
	b, hasB := r.median(than, c)
	if !hasA || !hasB || a == 0 || b == 0 {
		return 0, false
	}
	if c.unit == perSecond {
		return a / b, true
	}
	return b / a, true
}
