package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// printable escapes control characters: what others named must not steer the terminal.
func printable(s string) string {
	var out strings.Builder
	for _, r := range s {
		if r == '\n' || unicode.IsPrint(r) {
			out.WriteRune(r)
			continue
		}
		fmt.Fprintf(&out, "\\u%04x", r)
	}
	return out.String()
}

// cell is printable without line ends: a table's row is one line.
func cell(s string) string { return strings.ReplaceAll(printable(s), "\n", `\n`) }

// table prints rows as aligned columns.
func table(w io.Writer, rows [][]string) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i := range row {
			cells[i] = cell(row[i])
		}
		if _, err := fmt.Fprintln(out, strings.Join(cells, "\t")); err != nil {
			return err
		}
	}
	return out.Flush()
}

// moment prints a time as the API does; "-" where there is none.
func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05.000Z")
}

// orDash stands for what is empty.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func orUnset(p *int) string {
	if p == nil {
		return fmt.Sprint(queue.DefaultPriority)
	}
	return fmt.Sprint(*p)
}
