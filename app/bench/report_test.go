package bench

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTheMedianIsTheMiddleOfTheRounds(t *testing.T) {
	for _, tc := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 2, 9}, 3}} {
		if got := median(tc.values); got != tc.want {
			t.Errorf("median(%v) = %v; want %v", tc.values, got, tc.want)
		}
	}
}

func TestAPercentileIsOneOfTheSamples(t *testing.T) {
	var sorted []time.Duration
	for i := range 100 {
		sorted = append(sorted, time.Duration(i+1))
	}
	for p, want := range map[int]time.Duration{0: 1, 50: 51, 99: 100, 100: 100} {
		if got := percentile(sorted, p); got != want {
			t.Errorf("percentile %d of 1 to 100 = %d; want %d", p, got, want)
		}
	}
	if got := percentile(nil, 50); got != 0 {
		t.Errorf("percentile of nothing = %d", got)
	}
}

func TestARatioIsTheMedianOfTheRoundsOwn(t *testing.T) {
	r := newReadings()
	for _, round := range [][2]float64{{10, 5}, {100, 25}, {30, 10}} { // 2, 4 and 3 times; the medians are 30 and 10
		r.add(floorGroup, []gauge{{name: "bare", unit: "x/s", value: round[1]}})
		r.add("submit", []gauge{{"ours", "x/s", round[0], "bare"}, {"itself", "x/s", 1, "itself"}})
	}
	figures := r.figures()
	if got := figures[1]; got.Ratio != 3 || got.Beside != "bare" || got.Median != 30 || got.Min != 10 || got.Max != 100 {
		t.Errorf("got %+v; want 3 times the bare one", got)
	}
	if got := figures[2]; got.Ratio != 0 || got.Beside != "" {
		t.Errorf("got %+v; want nothing beside itself", got)
	}
}

func TestNumbersHaveAsManyDigitsAsTheyMean(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.4567: "0.46", 9.994: "9.99", 12.34: "12.3", 123.6: "124", 999: "999", 1000: "1,000", 1234567.8: "1,234,568",
	} {
		if got := thousands(v); got != want {
			t.Errorf("thousands(%v) = %q; want %q", v, got, want)
		}
	}
}

func TestTheTablesColumnsAreAligned(t *testing.T) {
	r := Report{
		Figures: []Figure{
			{Group: "submit", Name: "a", Unit: "tasks/s", Median: 1},
			{Group: "submit", Name: "a longer name", Unit: "tasks/s", Median: 123456},
			{Group: "workers", Name: "µ", Unit: "µs/task", Median: 12.5, Ratio: 1.5, Beside: "10 workers: µ"},
		},
		Notes: []string{"fewer viewers"},
	}
	var out strings.Builder
	must(t, r.Print(&out))
	_, table, _ := strings.Cut(out.String(), "\n\n")
	var columns []int
	for line := range strings.Lines(table) {
		for _, unit := range []string{"unit", "tasks/s", "µs/task"} {
			if before, _, found := strings.Cut(line, unit); found {
				columns = append(columns, len([]rune(before)))
			}
		}
	}
	if len(columns) != 4 || len(slices.Compact(slices.Clone(columns))) != 1 {
		t.Errorf("the units stand in columns %v of\n%s", columns, table)
	}
	for _, want := range []string{"1.50 x 10 workers\n", "Note: fewer viewers.\n"} {
		if !strings.Contains(table, want) {
			t.Errorf("the table does not say %q:\n%s", want, table)
		}
	}
}
