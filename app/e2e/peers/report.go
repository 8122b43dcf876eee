package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// report is what a run found out.
type report struct {
	*comparison
	settings []string
	notRun   []string // "peer: not run: why"
}

// legend says how to read the table, as a paragraph of short lines.
const legend = `Medians of the rounds. x: how many times as many as asynq; for ms and bytes, how many times as little.
Submit: tasks a second by one producer, one a call; by 16 at once, one a call; by one, 1,000 a call. Drain: of a backlog,
until the last outcome is recorded. Submit + drain: 16 producers and the worker at once. Pick-up: from the submit of one
task to its handler, on an idle worker. A task: what a queued one takes of Redis's memory, or of PostgreSQL's table and
indexes. The floor is no queue, but what one can cost at the least on Redis: an id in a list and a payload in a hash, by
one EVALSHA a task (batches: 1,000 of them in a pipeline), taken out and forgotten 64 at a time (LPOP, HMGET, HDEL);
picked up by BLPOP.`

// write prints the report for people.
func (r report) write(to io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n%s\n\n", r.ratesTable(r.find(asynqName)).text(), legend)
	if ours := r.find(oursName); ours != "" {
		fmt.Fprintf(&b, "%s\n", r.againstTable(ours).text())
	}
	for _, l := range slices.Concat(r.settings, r.notRun) {
		fmt.Fprintln(&b, l)
	}
	_, err := io.WriteString(to, b.String())
	return err
}

// find returns the name of the first line of a peer, "" where it was not run.
func (r report) find(peerName string) string {
	for _, l := range r.lines {
		if strings.HasPrefix(l.Name(), peerName) {
			return l.Name()
		}
	}
	return ""
}

// jsonFigure is one cell. A figure that the peer does not have has no median and no rounds.
type jsonFigure struct {
	Unit   unit      `json:"unit"`
	Median *float64  `json:"median"`
	Rounds []float64 `json:"rounds"`
	Asynq  *float64  `json:"times_asynq"` // how many times better than asynq
	Ours   *float64  `json:"ours_times"`  // how many times better we are
}

// writeJSON prints the report for programs: lines → columns → figures.
func (r report) writeJSON(to io.Writer) error {
	lines := map[string]map[string]jsonFigure{}
	for _, l := range r.lines {
		lines[l.Name()] = map[string]jsonFigure{}
		for _, c := range r.columns() {
			if r.results[l.Name()][c.key] != nil {
				lines[l.Name()][c.key] = r.jsonFigure(l.Name(), c)
			}
		}
	}
	out := json.NewEncoder(to)
	out.SetIndent("", "  ")
	return out.Encode(map[string]any{
		"at": time.Now().UTC().Format(time.RFC3339), "lines": lines, "settings": r.settings, "not_run": append([]string{}, r.notRun...),
	})
}

func (r report) jsonFigure(lineName string, c column) jsonFigure {
	f := jsonFigure{Unit: c.unit, Rounds: r.results[lineName][c.key].rounds}
	f.Median = pointer(r.results.median(lineName, c))
	f.Asynq = pointer(r.results.times(lineName, r.find(asynqName), c))
	f.Ours = pointer(r.results.times(r.find(oursName), lineName, c))
	return f
}

func pointer(figure float64, ok bool) *float64 {
	if !ok {
		return nil
	}
	return &figure
}

const tableBegins, tableEnds = "<!-- peers -->\n", "<!-- /peers -->"

// writeMarkdown replaces the table between its two marks, where the file is there.
func (r report) writeMarkdown(file string) error {
	old, err := os.ReadFile(file) // #nosec G304: named by a flag
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	head, rest, begun := strings.Cut(string(old), tableBegins)
	_, tail, ended := strings.Cut(rest, tableEnds)
	if !begun || !ended {
		return fmt.Errorf("%s has no place for the table, between %q and %q", file, tableBegins, tableEnds)
	}
	return os.WriteFile(file, []byte(head+tableBegins+r.markdown()+tableEnds+tail), 0o600) // #nosec G703: named by a flag
}

func (r report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n\n", r.ratesTable(r.find(asynqName)).markdown(), legend)
	if ours := r.find(oursName); ours != "" {
		fmt.Fprintf(&b, "%s\n", r.againstTable(ours).markdown())
	}
	for _, l := range slices.Concat(r.settings, r.notRun) {
		fmt.Fprintf(&b, "- %s\n", l)
	}
	return b.String()
}
