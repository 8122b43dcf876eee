package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The verdicts on a mutant. An error says nothing about the suite: the mutant does not compile, or no verdict came.
const (
	caught   = "CAUGHT"
	survived = "SURVIVED"
	failed   = "ERROR"
)

// result is what became of a mutant.
type result struct {
	Name    string   `json:"name"`
	Breaks  string   `json:"breaks"`
	Verdict string   `json:"verdict"`
	By      string   `json:"by,omitempty"`    // the test that failed first
	First   string   `json:"first,omitempty"` // the first line of its failure, or of the error
	Rows    []string `json:"rows"`            // that were expected to notice
	Seconds float64  `json:"seconds"`
}

func (r result) String() string {
	return fmt.Sprintf("%-8s %-24s %5.0f s  %s\n         %s", r.Verdict, r.Name, r.Seconds, r.By, r.First)
}

const (
	// rowsLimit and cutLimit bound a run of some rows, and of the whole quick cut: some times what they take when the
	// machine is busy and a wait of the harness (60 s) runs out.
	rowsLimit, cutLimit = 5 * time.Minute, 12 * time.Minute
)

// mustBeGreen runs all tests that are expected to catch something on the unchanged copy: else their failing says nothing.
func (t tree) mustBeGreen(ctx context.Context, chosen []mutant) error {
	var rows []string
	for _, m := range chosen {
		rows = append(rows, m.rows...)
	}
	slices.Sort(rows)
	rows = slices.Compact(rows)
	began := time.Now()
	out, err := t.test(ctx, pattern(rows), cutLimit)
	switch {
	case err != nil:
		return err
	case out.broken != "":
		return fmt.Errorf("the unchanged copy: %s", out.broken)
	case out.failed != "":
		return fmt.Errorf("the unchanged copy fails %s: %s", out.failed, out.first)
	}
	for _, row := range rows {
		if !slices.ContainsFunc(out.passed, func(test string) bool { return strings.HasPrefix(test, "Test"+row) }) {
			return fmt.Errorf("there is no test whose name begins with Test%s", row)
		}
	}
	fmt.Printf("%-8s %-24s %5.0f s  %d tests pass\n", "GREEN", "the unchanged copy", time.Since(began).Seconds(), len(out.passed))
	return nil
}

// try makes the mutant, runs the tests that should notice, and where they do not, the whole quick cut.
func (t tree) try(ctx context.Context, m mutant) (result, error) {
	r, began := result{Name: m.name, Breaks: m.breaks, Rows: m.rows}, time.Now()
	restore, err := t.apply(m)
	if err != nil {
		return r, err
	}
	out, err := t.test(ctx, pattern(m.rows), rowsLimit)
	unexpected := err == nil && out.failed == "" && out.broken == ""
	if unexpected {
		out, err = t.tryAll(ctx)
	}
	if err = errors.Join(err, restore()); err != nil {
		return r, err
	}
	r.set(out)
	if unexpected && r.Verdict == caught {
		err = t.confirm(ctx, &r)
	}
	r.Seconds = time.Since(began).Seconds()
	return r, err
}

// tryAll runs the whole quick cut on the mutant. Nobody had expected what fails: it must fail a second time, or it was
// the machine.
func (t tree) tryAll(ctx context.Context) (outcome, error) {
	out, err := t.test(ctx, pattern(nil), cutLimit)
	if err != nil || out.failed == "" {
		return out, err
	}
	return t.test(ctx, topOf(out.failed), rowsLimit)
}

// topOf is the -run of a test by the name of one of its parts.
func topOf(test string) string {
	top, _, _ := strings.Cut(test, "/")
	return "^" + top + "$"
}

func (r *result) set(out outcome) {
	switch {
	case out.broken != "":
		r.Verdict, r.First = failed, out.broken
	case out.failed != "":
		r.Verdict, r.By, r.First = caught, out.failed, out.first
	default:
		r.Verdict, r.First = survived, fmt.Sprintf("%d tests pass", len(out.passed))
	}
}

// confirm runs a test that nobody had expected to fail on the unchanged copy: it may fail there as well.
func (t tree) confirm(ctx context.Context, r *result) error {
	out, err := t.test(ctx, topOf(r.By), rowsLimit)
	if err == nil && out.failed != "" {
		r.Verdict, r.First = failed, fmt.Sprintf("%s fails on the unchanged copy as well: %s", out.failed, out.first)
	}
	return err
}
