package views

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/monitor"
)

// notesOf makes a note of each total of completed tasks, a minute apart; a total below zero is a missing note. The last
// one is of noon less offset.
func notesOf(offset time.Duration, totals ...int64) []Sample {
	var notes []Sample
	for i, n := range totals {
		if n >= 0 {
			notes = append(notes, Sample{At: noon.Add(-offset - time.Duration(len(totals)-1-i)*time.Minute), Completed: n})
		}
	}
	return notes
}

// done are the values of a line, a minute each: "–" where nothing is known.
func done(points []Point) string {
	parts := make([]string, len(points))
	for i, p := range points {
		if parts[i] = "–"; p.Known {
			parts[i] = exact(p.Values[1])
		}
	}
	return strings.Join(parts, " ")
}

func TestALineSaysWhatIsKnownAndNoMore(t *testing.T) {
	hour, _ := FindSpan("1h")
	hour.Length = 6 * time.Minute
	now := noon.Add(noteGrace)
	for name, c := range map[string]struct {
		notes []Sample
		want  string
	}{
		"steady":                                  {notesOf(0, 0, 60, 120, 180, 240, 300, 360), "1.0 1.0 1.0 1.0 1.0 1.0"},
		"noted some seconds after the minute":     {notesOf(-4*time.Second, 0, 60, 120, 180, 240, 300, 360), "1.0 1.0 1.0 1.0 1.0 1.0"},
		"a burst in one minute":                   {notesOf(0, 0, 0, 0, 600, 600, 600, 600), "0 0 10 0 0 0"},
		"one note is missing":                     {notesOf(0, 0, 60, 120, -1, 360, 420, 480), "1.0 1.0 2.0 2.0 1.0 1.0"},
		"notes are missing, and something ran":    {notesOf(0, 0, 60, -1, -1, -1, 9999, 10059), "1.0 – – – – 1.0"},
		"notes are missing, and nothing ran":      {notesOf(0, 0, 60, -1, -1, -1, 60, 120), "1.0 0 0 0 0 1.0"},
		"Redis was emptied":                       {notesOf(0, 5000, 5060, 5120, 30, 90, 150, 210), "1.0 1.0 – 1.0 1.0 1.0"},
		"noted for two minutes only":              {notesOf(0, 0, 60, 120), "– – – – 1.0 1.0"},
		"no monitor for two minutes":              {notesOf(2*time.Minute, 0, 60, 120, 180, 240), "1.0 1.0 1.0 1.0 – –"},
		"nothing noted":                           {nil, "– – – – – –"},
		"one note":                                {notesOf(0, 7), "– – – – – –"},
		"the last note is not there for a moment": {notesOf(time.Minute, 0, 60, 120, 180, 240, 300), "1.0 1.0 1.0 1.0 1.0 –"},
	} {
		if got := done(Points(hour, c.notes, now)); got != c.want {
			t.Errorf("%s: %s; want %s", name, got, c.want)
		}
	}
}

func TestAMinuteIsDrawnOnceItsNoteIsSureToBeRead(t *testing.T) {
	hour, _ := FindSpan("1h")
	before, after := Points(hour, nil, noon.Add(noteGrace-time.Millisecond)), Points(hour, nil, noon.Add(noteGrace))
	if got := before[59].At; !got.Equal(noon.Add(-time.Minute)) || len(before) != 60 {
		t.Errorf("just before, %d points end at %v", len(before), got)
	}
	if got := after[59].At; !got.Equal(noon) {
		t.Errorf("then they end at %v", got)
	}
}

// At any moment of a step the notes that are kept reach back to where the chart begins.
func TestTheKeptNotesCoverADay(t *testing.T) {
	day, _ := FindSpan("24h")
	for late := time.Duration(0); late < day.Step; late += time.Second {
		now := noon.Add(late)
		notes := make([]Sample, monitor.MostNotes)
		for i := range notes {
			notes[i].At = now.Truncate(time.Minute).Add(time.Duration(i-len(notes)+1) * time.Minute)
			if late%time.Minute < monitor.NoteEvery {
				notes[i].At = notes[i].At.Add(-time.Minute) // this minute's is to come
			}
		}
		for i, p := range Points(day, notes, now) {
			if !p.Known {
				t.Fatalf("%v after the step's begin point %d of %d is not known", late, i, 144)
			}
		}
	}
}

func TestADaysPointsAreAverages(t *testing.T) {
	day, _ := FindSpan("24h")
	var notes []Sample
	for i := range int64(24*60 + 1) {
		notes = append(notes, Sample{At: noon.Add(time.Duration(i-24*60) * time.Minute), Completed: 60 * i, Failed: i})
	}
	points := Points(day, notes, noon.Add(noteGrace))
	if len(points) != 144 || math.Abs(points[7].Values[1]-1) > 1e-9 || math.Abs(points[143].Values[2]-1.0/60) > 1e-9 || !points[0].Known {
		t.Errorf("%d points: %+v", len(points), points[:8])
	}
	c := newSpanChart(day, notes, noon.Add(noteGrace))
	if c.Words != "In the last 24 hours: 0 submitted, 86,400 done, 1,440 failed." || c.Begins != "24 h ago" || c.Top != "1.0/s" {
		t.Errorf("got %q, %q, %q", c.Words, c.Begins, c.Top)
	}
}

func TestTheWordsCountWhatRanUnseenAndSayThatItWas(t *testing.T) {
	hour, _ := FindSpan("1h")
	notes := notesOf(0, 0, 60, -1, -1, -1, 9999, 10059)
	c := newSpanChart(hour, notes, noon.Add(noteGrace))
	if want := "In the last hour: 0 submitted, 10,059 done, 0 failed. Nothing was noted for 58 min of it."; c.Words != want {
		t.Errorf("got  %q\nwant %q", c.Words, want)
	}
	emptied := newSpanChart(hour, notesOf(0, 5000, 5060, 30, 90), noon.Add(noteGrace))
	if want := "In the last hour: 0 submitted, 120 done, 0 failed. Nothing was noted for 58 min of it."; emptied.Words != want {
		t.Errorf("got  %q\nwant %q", emptied.Words, want)
	}
}

func TestALineHasHolesWhereNothingIsKnown(t *testing.T) {
	known := func(v float64) Point { return Point{Known: true, Values: [3]float64{1: v}} }
	for _, c := range []struct {
		points []Point
		want   string
	}{
		{[]Point{known(0), known(0), {}, known(1), known(1)}, "M0 100L150 100M450 0L600 0"},
		{[]Point{{}, {}, known(1), {}, {}}, "M299 0L301 0"},
		{[]Point{{}, known(1), known(1), known(1), {}}, "M150 0L450 0"},
		{[]Point{{}, {}, {}, {}, {}}, ""},
	} {
		if got := path(c.points, 1, 1); got != c.want {
			t.Errorf("%+v: %s; want %s", c.points, got, c.want)
		}
	}
}

func TestAYoungHistoryIsDrawnFromItsBegin(t *testing.T) {
	c := newChart([]Sample{{At: at(17)}, {At: noon, Completed: 17}}, noon)
	if !strings.HasPrefix(c.Completed, "M569 ") || c.Points[55].Known || !c.Points[56].Known {
		t.Errorf("drawn as %s", c.Completed)
	}
}

func TestTheTilesLineIsShortAndChangesWithTheChartOnly(t *testing.T) {
	var history []Sample
	for i := range int64(660) {
		history = append(history, Sample{At: at(330 - float64(i)/2), Completed: i * i % 9973 * i})
	}
	line := doneSpark(history, noon)
	if n := strings.Count(line, "L"); n > 29 || len(line) > 250 {
		t.Errorf("%d bytes with %d corners: %s", len(line), n+1, line)
	}
	for _, later := range []time.Duration{time.Second, 4999 * time.Millisecond} {
		if got := doneSpark(history, noon.Add(later)); got != line {
			t.Errorf("%v later it is another one:\n%s\n%s", later, got, line)
		}
	}
	if got := doneSpark(history, noon.Add(sparkStep)); got == line {
		t.Error("it does not go on")
	}
}

func TestTheTableHasTheChartsNumbers(t *testing.T) {
	m := sampleDay()
	if len(m.Table.Rows) != len(m.Chart.Points) {
		t.Fatalf("%d rows of %d points", len(m.Table.Rows), len(m.Chart.Points))
	}
	for i, r := range m.Table.Rows {
		p := m.Chart.Points[len(m.Chart.Points)-1-i]
		want := "–"
		if p.Known {
			want = exact(p.Values[2])
		}
		if r.Failing != want || r.ISO != ISO(p.At) {
			t.Errorf("row %d is %+v; want %s failed until %v", i, r, want, p.At)
		}
	}
	if exact(0) != "0" || exact(1.0/60) != "0.017" || exact(1234.4) != "1,234" || exact(0.1) != "0.1" {
		t.Error(exact(0), exact(1.0/60), exact(1234.4), exact(0.1))
	}
}

func TestTheChartsChoicesAreLinks(t *testing.T) {
	for _, table := range []bool{false, true} {
		for i, l := range spanLinks(Spans[1], table) {
			if l.Current != (i == 1) || strings.Contains(l.Href, "chart=table") != table || !strings.HasSuffix(l.Href, "#h-chart") {
				t.Errorf("table %v: %+v", table, l)
			}
		}
	}
	if got := OverviewHref(Spans[0], false) + " " + OverviewHref(Spans[2], true); got != "/ /?chart=table&span=24h" {
		t.Error(got)
	}
	if _, known := FindSpan("7d"); known {
		t.Error("there is no span of a week")
	}
}

func TestAProductionSystemIsMarked(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "staging": "", "production": "warn", "Prod": "warn", "eu-production-2": "warn", "PROD 1": "warn", "reproduction": "", "preprod": "",
	} {
		if got := NewEnvironment(name).Level; got != want {
			t.Errorf("%q: %q; want %q", name, got, want)
		}
	}
	if got := render(t, EnvironmentBadge(Environment{})); strings.Contains(got, "<") {
		t.Errorf("without a name there is a badge: %s", got)
	}
}

func TestAYoungProcessSaysOfHowLongItsChartIs(t *testing.T) {
	history := []Sample{{At: at(20)}, {At: at(0), Completed: 7}}
	if got, want := newChart(history, noon).Words, "In the last 20 s: 0 submitted, 7 done, 0 failed."; got != want {
		t.Errorf("%q; want %q", got, want)
	}
}
