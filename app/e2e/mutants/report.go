package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
)

// writeJSON writes the results, where a file is named.
func writeJSON(file string, results []result) error {
	if file == "" || len(results) == 0 {
		return nil
	}
	text, err := json.MarshalIndent(map[string]any{"at": time.Now().UTC().Format(time.RFC3339), "mutants": results}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o600)
}

const tableBegins, tableEnds = "<!-- mutants -->\n", "<!-- /mutants -->"

// writeSummary replaces the table between its two marks, where a file is named and there, once all mutants were tried.
func writeSummary(file string, results []result) error {
	if file == "" || len(results) < len(all()) || !exists(file) {
		return nil
	}
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, begun := strings.Cut(string(old), tableBegins)
	_, tail, ended := strings.Cut(rest, tableEnds)
	if !begun || !ended {
		return fmt.Errorf("%s has no place for the table, between %q and %q", file, tableBegins, tableEnds)
	}
	return os.WriteFile(file, []byte(head+tableBegins+table(results)+tableEnds+tail), 0o600) // #nosec G703: named by a flag
}

func table(results []result) string {
	var b strings.Builder
	b.WriteString("| mutant | what it breaks | verdict | by | s |\n|---|---|---|---|---|\n")
	for _, r := range results {
		by, _, _ := strings.Cut(r.By, "/")
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %.0f |\n", r.Name, r.Breaks, strings.ToLower(r.Verdict), by, r.Seconds)
	}
	return b.String()
}
