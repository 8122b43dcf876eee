package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTheMedianIsTheMiddleOfTheRounds(t *testing.T) {
	for _, tc := range []struct {
		rounds []float64
		want   float64
	}{{[]float64{7}, 7}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 3, 100}, 3.5}} {
		given := append([]float64(nil), tc.rounds...)
		if got := median(tc.rounds); got != tc.want {
			t.Errorf("median(%v) = %v; want %v", given, got, tc.want)
		}
		for i := range given {
			if tc.rounds[i] != given[i] {
				t.Errorf("median changed the order of the rounds: %v, then %v", given, tc.rounds)
			}
		}
	}
}

func TestAQuantileIsOneOfTheSamples(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(100-i) * time.Millisecond
	}
	for _, tc := range []struct {
		took []time.Duration
		q    float64
		want float64
	}{
		{hundred, 0.50, 50},
		{hundred, 0.99, 99},
		{hundred[:1], 0.99, 100},
		{hundred[:3], 0.50, 99},
		{hundred[:12], 0.99, 100},
	} {
		if got := quantile(tc.took, tc.q); got != tc.want {
			t.Errorf("quantile %v of %d samples = %v ms; want %v", tc.q, len(tc.took), got, tc.want)
		}
	}
}

// figures is a comparison of asynq, a peer that is twice as good in all, and a line that is there for the drain alone.
func figures() *comparison {
	all := measurements()
	c := &comparison{measurements: all, results: results{}}
	for _, m := range all {
		for round := range 3 {
			asynq, twice := make([]float64, len(m.columns)), make([]float64, len(m.columns))
			for i, col := range m.columns {
				asynq[i], twice[i] = float64(1000+round), float64(2000+2*round)
				if col.unit != perSecond {
					twice[i] = float64(1000+round) / 2
				}
			}
			c.results.add("asynq", m, asynq, m.name != "batch")
			c.results.add("QueuePilot", m, twice, true)
			if m.name == "drain" {
				c.results.add("one line", m, []float64{10}, true)
			}
		}
	}
	return c
}

func TestTimesIsHowManyTimesBetterWhetherMoreOrLessIsBetter(t *testing.T) {
	c := figures()
	for _, col := range c.columns() {
		got, ok := c.results.times("QueuePilot", "asynq", col)
		switch {
		case col.key == "batch" && ok:
			t.Errorf("batch: %v times what asynq does not have", got)
		case col.key != "batch" && (!ok || math.Abs(got-2) > 1e-9):
			t.Errorf("%s: %v, %v; want 2", col.key, got, ok)
		}
	}
}

func TestACellSaysFigureAndRatioOrNoneOrNothing(t *testing.T) {
	c := figures()
	columns := map[string]column{}
	for _, col := range c.columns() {
		columns[col.key] = col
	}
	for _, tc := range []struct{ line, column, cell, against string }{
		{"asynq", "drain", "1,001/s x1.00", "x2.00"},
		{"QueuePilot", "drain", "2,002/s x2.00", "x1.00"},
		{"QueuePilot", "pickup_p99", "501 ms x2.00", "x1.00"},
		{"asynq", "bytes", "1,001 B x1.00", "x2.00"},
		{"asynq", "batch", none, none},
		{"QueuePilot", "batch", "2,002/s", "x1.00"},
		{"one line", "drain", "10/s x0.010", "x200"},
		{"one line", "batch", unmeasured, unmeasured},
	} {
		if got := c.results.cell(tc.line, "asynq", columns[tc.column]); got != tc.cell {
			t.Errorf("cell of %s, %s = %q; want %q", tc.line, tc.column, got, tc.cell)
		}
		if got := c.results.against("QueuePilot", tc.line, columns[tc.column]); got != tc.against {
			t.Errorf("QueuePilot against %s, %s = %q; want %q", tc.line, tc.column, got, tc.against)
		}
	}
}

func TestNumbersAreSetForPeople(t *testing.T) {
	for f, want := range map[float64]string{0: "0", 999.4: "999", 1000: "1,000", 1234567.8: "1,234,568"} {
		if got := grouped(f); got != want {
			t.Errorf("grouped(%v) = %q; want %q", f, got, want)
		}
	}
	for f, want := range map[float64]string{0.0123: "0.012", 0.5: "0.50", 9.99: "9.99", 9.999: "10.0", 99.96: "100", 1500: "1,500"} {
		if got := significant(f); got != want {
			t.Errorf("significant(%v) = %q; want %q", f, got, want)
		}
	}
	got := table{{"", "a"}, {"peer", "12,345"}}.text()
	if want := "            a\npeer   12,345\n"; got != want {
		t.Errorf("text:\n%q; want\n%q", got, want)
	}
}

func TestTheMarkdownTakesThePlaceOfTheOldTableAlone(t *testing.T) {
	r := report{comparison: figures(), settings: []string{"All: as told"}, notRun: []string{"River: not run: no PostgreSQL here"}}
	file := filepath.Join(t.TempDir(), "PERFORMANCE.md")
	if err := r.writeMarkdown(file); err != nil {
		t.Fatalf("a file that is not there: %v; want nothing to be done", err)
	}
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("before\n" + tableBegins + "stale\n" + tableEnds + "\nafter\n")
	if err := r.writeMarkdown(file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	got := string(text)
	if err != nil || !strings.HasPrefix(got, "before\n"+tableBegins) || !strings.HasSuffix(got, tableEnds+"\nafter\n") ||
		strings.Contains(got, "stale") || !strings.Contains(got, "- River: not run: no PostgreSQL here\n") {
		t.Errorf("the file holds %q, %v", got, err)
	}
	write("no marks")
	if err := r.writeMarkdown(file); err == nil {
		t.Error("a file without the marks was taken")
	}
}
