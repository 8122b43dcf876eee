package bench

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Print writes the report as a table for people.
func (r *Report) Print(w io.Writer) error {
	var out strings.Builder
	r.Settings.print(&out)
	rows := [][]string{{"", "median", "min .. max", "unit", "beside"}}
	last := ""
	for _, f := range r.Figures {
		if f.Group != last {
			last = f.Group
			rows = append(rows, []string{title(f.Group)})
		}
		rows = append(rows, []string{"  " + f.Name, thousands(f.Median), f.spread(), f.Unit, f.comparison()})
	}
	printRows(&out, rows)
	for _, note := range r.Notes {
		fmt.Fprintf(&out, "\nNote: %s.", note)
	}
	if len(r.Notes) > 0 {
		out.WriteString("\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func (s Settings) print(out *strings.Builder) {
	where := "a server of its own, on this machine"
	if !s.Redis.Own {
		where = s.Redis.URL
	}
	save := s.Redis.Save
	if save == "" {
		save = "never"
	}
	fmt.Fprintf(out, "QueuePilot %s, %s, %s, %d CPUs, GOMAXPROCS %d\n", s.Version, s.Go, s.Platform, s.CPUs, s.GOMAXPROCS)
	fmt.Fprintf(out, "Redis %s, %s: appendonly %s, appendfsync %s, save %s, maxmemory-policy %s\n",
		s.Redis.Version, where, s.Redis.AppendOnly, s.Redis.AppendFsync, save, s.Redis.MaxMemoryPolicy)
	fmt.Fprintf(out, "Rounds: %d, interleaved, after one to warm up; %s tasks, payload %d bytes; took %.0f s. What is measured and "+
		"what measures share the CPUs.\n\n", s.Rounds, thousands(float64(s.Tasks)), s.PayloadBytes, s.TookSeconds)
}

// title says what a group is.
func title(name string) string {
	for _, g := range groups {
		if g.name == name {
			return name + ": " + g.title
		}
	}
	return name
}

func (f Figure) spread() string { return thousands(f.Min) + " .. " + thousands(f.Max) }

func (f Figure) comparison() string {
	if f.Ratio == 0 {
		return ""
	}
	beside, _, _ := strings.Cut(f.Beside, ": ") // "1,000 pending": the rest is the figure's own
	return fmt.Sprintf("%.2f x %s", f.Ratio, beside)
}

// printRows aligns: text to the left, figures to the right. A row of one cell is a heading.
func printRows(out *strings.Builder, rows [][]string) {
	var widths [5]int
	for _, row := range rows {
		for i, cell := range row {
			if len(row) > 1 {
				widths[i] = max(widths[i], utf8.RuneCountInString(cell))
			}
		}
	}
	for _, row := range rows {
		if len(row) == 1 {
			fmt.Fprintf(out, "%s\n", row[0])
			continue
		}
		line := fmt.Sprintf("%-*s  %*s  %*s  %-*s  %s", widths[0], row[0], widths[1], row[1], widths[2], row[2], widths[3], row[3], row[4])
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// thousands writes a number with as many digits as it means: 12,345 or 12.3 or 1.23.
func thousands(v float64) string {
	switch {
	case v == math.Trunc(v) || math.Abs(v) >= 100:
		return grouped(int64(math.Round(v)))
	case math.Abs(v) >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
}

func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
