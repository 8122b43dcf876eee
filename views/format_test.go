package views

import (
	"strings"
	"testing"
	"time"
)

func TestFormats(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 2, 31, 250e6, time.UTC)
	for _, c := range []struct{ name, got, want string }{
		{"count", Count(0), "0"},
		{"count of three digits", Count(999), "999"},
		{"count of millions", Count(1234567), "1,234,567"},
		{"count below zero", Count(-1234), "-1,234"},
		{"capped at the limit", Capped(100_000), "100,000"},
		{"capped above it", Capped(100_001), "100,000+"},
		{"no duration", Duration(0), "0 ms"},
		{"a duration below zero", Duration(-time.Second), "0 ms"},
		{"microseconds", Duration(300 * time.Microsecond), "< 1 ms"},
		{"milliseconds", Duration(820 * time.Millisecond), "820 ms"},
		{"never rounded up into the next unit", Duration(9_999 * time.Millisecond), "9.9 s"},
		{"seconds", Duration(42 * time.Second), "42 s"},
		{"minutes", Duration(4*time.Minute + 12*time.Second), "4 min 12 s"},
		{"whole minutes", Duration(5 * time.Minute), "5 min"},
		{"hours", Duration(3*time.Hour + 5*time.Minute), "3 h 5 min"},
		{"days", Duration(52 * time.Hour), "2 d 4 h"},
		{"age below a second", Age(900 * time.Millisecond), "0 s"},
		{"age", Age(59 * time.Second), "59 s"},
		{"age with seconds", Age(9*time.Minute + 59*time.Second), "9 min 59 s"},
		{"age without seconds", Age(10*time.Minute + 59*time.Second), "10 min"},
		{"ago never", Ago(time.Time{}, now), "never"},
		{"ago in the future", Ago(now.Add(time.Second), now), "just now"},
		{"ago", Ago(now.Add(-12*time.Second), now), "12 s ago"},
		{"since seconds", Since(now.Add(-59*time.Second), now), "59 s ago"},
		{"since minutes", Since(now.Add(-119*time.Second), now), "1 min ago"},
		{"since never", Since(time.Time{}, now), "never"},
		{"in", In(now.Add(90*time.Second), now), "in 1 min 30 s"},
		{"in the past", In(now.Add(-time.Second), now), "now"},
		{"no rate", Rate(0), "0/s"},
		{"small rate", Rate(0.44), "0.4/s"},
		{"rate just below two digits", Rate(9.96), "10/s"},
		{"large rate", Rate(1234.4), "1,234/s"},
		{"share of nothing", Share(0, 0), "–"},
		{"share of none", Share(0, 5), "0 %"},
		{"tiny share", Share(1, 10_000), "< 0.1 %"},
		{"share below ten", Share(1, 40), "2.5 %"},
		{"whole share below ten", Share(1, 50), "2 %"},
		{"share", Share(1, 3), "33 %"},
		{"clock", Clock(now), "14:02:31"},
		{"no clock", Clock(time.Time{}), "–"},
		{"moment", Moment(now), "2026-11-23 14:02:31.250 UTC"},
		{"one", Plural(1, "task"), "1 task"},
		{"many", Plural(1200, "task"), "1,200 tasks"},
		{"title", Title("attempts_exhausted"), "Attempts exhausted"},
		{"no title", Title(""), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestJSONIsIndentedCutAndNeverHidden(t *testing.T) {
	if got, cut := JSON([]byte(`{"a":[1]}`)); cut || got != "{\n  \"a\": [\n    1\n  ]\n}" {
		t.Errorf("got %q, cut %v", got, cut)
	}
	if got, _ := JSON([]byte("no json \xff")); got != "no json \uFFFD" {
		t.Errorf("broken text: got %q", got)
	}
	long := `"` + strings.Repeat("ä", shownJSON) + `"`
	if got, cut := JSON([]byte(long)); !cut || len(got) > shownJSON || strings.Contains(got, "\uFFFD") {
		t.Errorf("long text: cut %v, %d bytes", cut, len(got))
	}
}
