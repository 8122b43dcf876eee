package views

import (
	"strconv"
)

// PointTable is a chart's numbers.
type PointTable struct {
	Caption string
	Newer   string // the address of the same with newer numbers: they do not change under who reads them
	CSV     string
	JSON    string
	Rows    []PointRow // newest first
}

// PointRow is one step; what is not known is "–".
type PointRow struct {
	Clock, ISO               string // its end
	Submitted, Done, Failing string
}

// NewPointTable returns a chart's numbers.
func NewPointTable(c Chart) *PointTable {
	file := "?span=" + c.Span.Name
	t := &PointTable{
		Caption: "Per second, in steps of " + Age(c.Span.Step) + ", newest first.",
		Newer:   OverviewHref(c.Span, true) + chartAnchor, CSV: "/throughput.csv" + file, JSON: "/throughput.json" + file,
	}
	for i := len(c.Points) - 1; i >= 0; i-- {
		p := c.Points[i]
		row := PointRow{Clock: Clock(p.At), ISO: ISO(p.At), Submitted: "–", Done: "–", Failing: "–"}
		if p.Known {
			row.Submitted, row.Done, row.Failing = exact(p.Values[0]), exact(p.Values[1]), exact(p.Values[2])
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// exact is Rate without the unit, and with what Rate takes for nothing.
func exact(perSecond float64) string {
	if perSecond > 0 && perSecond < 0.1 {
		return strconv.FormatFloat(perSecond, 'f', 3, 64)
	}
	text := Rate(perSecond)
	return text[:len(text)-len("/s")]
}

// chartAnchor brings who chose something of the chart back to it.
const chartAnchor = "#h-chart"

// SpanLink is one span that the chart may have.
type SpanLink struct {
	Label, Href string
	Current     bool
}

// spanLinks are the spans to choose from; the table stays open where it is.
func spanLinks(current Span, table bool) []SpanLink {
	links := make([]SpanLink, len(Spans))
	for i, s := range Spans {
		links[i] = SpanLink{Label: s.Label, Href: OverviewHref(s, table) + chartAnchor, Current: s.Name == current.Name}
	}
	return links
}
