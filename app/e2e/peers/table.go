package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// none stands where a peer has no such thing, unmeasured where it was not asked.
	none, unmeasured = "none", "–"
)

// table is what is printed: a heading row, and a row for each line.
type table [][]string

// ratesTable has the median of each figure, and how many times better it is than that of base, the name of a line.
func (c *comparison) ratesTable(base string) table {
	t := table{c.heading("")}
	for _, l := range c.lines {
		row := []string{l.Name()}
		for _, col := range c.columns() {
			row = append(row, c.results.cell(l.Name(), base, col))
		}
		t = append(t, row)
	}
	return t
}

// againstTable has how many times better one line is than each of the others.
func (c *comparison) againstTable(ours string) table {
	t := table{c.heading(ours + " against")}
	for _, l := range c.lines {
		if l.Name() == ours {
			continue
		}
		row := []string{l.Name()}
		for _, col := range c.columns() {
			row = append(row, c.results.against(ours, l.Name(), col))
		}
		t = append(t, row)
	}
	return t
}

func (c *comparison) columns() (all []column) {
	for _, m := range c.measurements {
		all = append(all, m.columns...)
	}
	return all
}

func (c *comparison) heading(corner string) []string {
	row := []string{corner}
	for _, col := range c.columns() {
		row = append(row, col.title)
	}
	return row
}

func (r results) cell(lineName, base string, c column) string {
	m, ok := r.median(lineName, c)
	if !ok {
		return r.missing(lineName, c)
	}
	text := c.unit.text(m)
	if times, ok := r.times(lineName, base, c); ok {
		text += " " + timesText(times)
	}
	return text
}

func (r results) against(ours, other string, c column) string {
	if times, ok := r.times(ours, other, c); ok {
		return timesText(times)
	}
	return r.missing(other, c)
}

func (r results) missing(lineName string, c column) string {
	if f := r[lineName][c.key]; f != nil && len(f.rounds) == 0 {
		return none
	}
	return unmeasured
}

func (u unit) text(figure float64) string {
	switch u {
	case millis:
		return significant(figure) + " ms"
	case perTask:
		return grouped(figure) + " B"
	default:
		return grouped(figure) + "/s"
	}
}

func timesText(times float64) string { return "x" + significant(times) }

// significant has about three digits: so many that two figures that differ by a hundredth differ.
func significant(f float64) string {
	switch {
	case f < 0.0995:
		return strconv.FormatFloat(f, 'f', 3, 64)
	case f < 9.995:
		return strconv.FormatFloat(f, 'f', 2, 64)
	case f < 99.95:
		return strconv.FormatFloat(f, 'f', 1, 64)
	default:
		return grouped(f)
	}
}

// grouped is a whole number with a comma before each three digits.
func grouped(f float64) string {
	digits := strconv.FormatInt(int64(math.Round(f)), 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// text sets the columns below each other, the first to the left and all others to the right.
func (t table) text() string {
	var b strings.Builder
	for _, row := range t {
		for i, cell := range row {
			space := strings.Repeat(" ", t.width(i)-utf8.RuneCountInString(cell))
			if i == 0 {
				b.WriteString(cell + space)
			} else {
				b.WriteString("   " + space + cell)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (t table) width(column int) (most int) {
	for _, row := range t {
		most = max(most, utf8.RuneCountInString(row[column]))
	}
	return most
}

func (t table) markdown() string {
	var b strings.Builder
	for i, row := range t {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			b.WriteString("|---" + strings.Repeat("|---:", len(row)-1) + "|\n")
		}
	}
	return b.String()
}
