package chaos

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// figures are what one run of a row saw.
type figures struct {
	Tasks      int                // submitted
	Lost       int                // answered 2xx, and neither final nor there
	Twice      int                // with more than one recorded final outcome
	Extra      int                // executions beyond the first of each task
	Recoveries []time.Duration    // from a worker's death to the next start of a task that it ran
	Other      map[string]float64 // what else the row counts
}

// reportRow is a row of the report: the sum over its seeds.
type reportRow struct {
	Row        int                `json:"row"`
	Title      string             `json:"title"`
	Seeds      int                `json:"seeds"`
	Passed     int                `json:"passed"`
	Tasks      int                `json:"tasks"`
	Lost       int                `json:"lost"`
	Twice      int                `json:"recorded_twice"`
	Extra      int                `json:"executions_beyond_the_first"`
	RecoverP50 *int64             `json:"recovery_p50_ms,omitempty"`
	RecoverMax *int64             `json:"recovery_max_ms,omitempty"`
	Largest    map[string]float64 `json:"largest,omitempty"` // of each further figure

	recoveries []time.Duration
}

// matrix collects the rows of this run.
var matrix reportTable

type reportTable struct {
	mu   sync.Mutex
	rows map[int]*reportRow
}

func (m *reportTable) add(number int, title string, f figures, passed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rows == nil {
		m.rows = map[int]*reportRow{}
	}
	r := m.rows[number]
	if r == nil {
		r = &reportRow{Row: number, Title: title, Largest: map[string]float64{}}
		m.rows[number] = r
	}
	r.Seeds++
	if passed {
		r.Passed++
	}
	r.Tasks, r.Lost, r.Twice, r.Extra = r.Tasks+f.Tasks, r.Lost+f.Lost, r.Twice+f.Twice, r.Extra+f.Extra
	for name, value := range f.Other {
		r.Largest[name] = max(r.Largest[name], value)
	}
	r.recoveries = append(r.recoveries, f.Recoveries...)
	slices.Sort(r.recoveries)
	if n := len(r.recoveries); n > 0 {
		p50, most := r.recoveries[n/2].Milliseconds(), r.recoveries[n-1].Milliseconds()
		r.RecoverP50, r.RecoverMax = &p50, &most
	}
}

func (m *reportTable) sorted() []*reportRow {
	m.mu.Lock()
	defer m.mu.Unlock()
	var rows []*reportRow
	for _, r := range m.rows {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b *reportRow) int { return a.Row - b.Row })
	return rows
}

// write writes the report and replaces the table of the summary, each where a file is named.
func (m *reportTable) write(jsonFile, summaryFile string) error {
	rows := m.sorted()
	if jsonFile != "" {
		text, err := json.MarshalIndent(map[string]any{
			"at": time.Now().UTC().Format(time.RFC3339), "full": *full, "first_seed": *seed, "cpus": runtime.NumCPU(), "rows": rows,
		}, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(jsonFile, append(text, '\n'), 0o600); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	if summaryFile == "" {
		return nil
	}
	return replaceTable(summaryFile, table(rows))
}

func table(rows []*reportRow) string {
	var b strings.Builder
	b.WriteString("| # | fault | seeds | tasks | lost | recorded twice | run again | recovery p50 / max | also seen (largest) |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		recovery := "–"
		if r.RecoverP50 != nil {
			recovery = fmt.Sprintf("%.1f / %.1f s", float64(*r.RecoverP50)/1000, float64(*r.RecoverMax)/1000)
		}
		fmt.Fprintf(&b, "| %d | %s | %d of %d | %d | %d | %d | %d | %s | %s |\n",
			r.Row, r.Title, r.Passed, r.Seeds, r.Tasks, r.Lost, r.Twice, r.Extra, recovery, others(r.Largest))
	}
	return b.String()
}

func others(largest map[string]float64) string {
	var names []string
	for name := range largest {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		names[i] = strings.ReplaceAll(name, "_", " ") + " " + rounded(largest[name])
	}
	return strings.Join(names, ", ")
}

// rounded is v with three digits, or whole where it has more before its point.
func rounded(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

const tableBegins, tableEnds = "<!-- matrix -->\n", "<!-- /matrix -->"

func replaceTable(file, text string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read the summary: %w", err)
	}
	head, rest, begun := strings.Cut(string(old), tableBegins)
	_, tail, ended := strings.Cut(rest, tableEnds)
	if !begun || !ended {
		return fmt.Errorf("%s has no place for the table, between %q and %q", file, tableBegins, tableEnds)
	}
	if err := os.WriteFile(file, []byte(head+tableBegins+text+tableEnds+tail), 0o600); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}
