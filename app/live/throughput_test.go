package live

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/views"
)

// noteHours puts notes of three hours into the store, a minute apart, with so many completed a minute.
func (w *world) noteHours(perMinute int) {
	w.Helper()
	now, err := w.client.Redis().Time(w.ctx).Result()
	if err != nil {
		w.Fatal(err)
	}
	lines := make([]any, 180)
	for i := range lines {
		lines[i] = fmt.Sprintf("%d|0|%d|0", now.Add(time.Duration(i-179)*time.Minute).UnixMilli(), perMinute*i)
	}
	if err := w.client.Redis().RPush(w.ctx, w.client.Keys().Throughput(), lines...).Err(); err != nil {
		w.Fatal(err)
	}
}

func TestTheChartOfEachSpanIsLive(t *testing.T) {
	w := newWorld(t)
	w.noteHours(600)
	for _, span := range views.Spans {
		page, err := w.hub.Overview(w.ctx, span)
		if err != nil {
			t.Fatal(err)
		}
		if got := page.Model.Chart; got.Span.Name != span.Name || span.Noted && (got.Top != "10/s" || !strings.HasSuffix(got.Completed, "L600 0")) {
			t.Errorf("%s: the page has the chart %+v", span.Name, got)
		}
		c := w.dial("/ws/ui")
		w.sub(c, page.Mark)
		w.submit("T-" + span.Name)
		m := w.until(c, "the task", func(m message) bool { return strings.Contains(m.H["o-latest"], "T-"+span.Name) })
		if _, follows := page.Mark.Topics[m.Topic]; !follows || m.Topic != overviewTopic(span) {
			t.Errorf("%s: told by the topic %s, and the page follows %v", span.Name, m.Topic, page.Mark.Topics)
		}
	}
}

// What the monitors note reaches those who look: here the time between two looks is over at once.
func TestANewNoteReachesWhoLooks(t *testing.T) {
	w := newWorld(t)
	hour, _ := views.FindSpan("1h")
	page, err := w.hub.Overview(w.ctx, hour)
	if err != nil || page.Model.Chart.Completed != "" {
		t.Fatalf("without notes there is a line %q, %v", page.Model.Chart.Completed, err)
	}
	c := w.dial("/ws/ui")
	w.sub(c, page.Mark)
	w.noteHours(60)
	w.hub.notes.mu.Lock()
	w.hub.notes.minute = 0
	w.hub.notes.mu.Unlock()
	w.submit("T1")
	m := w.until(c, "the line", func(m message) bool { return m.V["chart:done"] != "" })
	if m.Topic != "overview?span=1h" || !strings.HasPrefix(m.V["chart:words"], "In the last hour: 0 submitted, 3,600 done") {
		t.Errorf("got %+v", m)
	}
}

func TestNotesAreReadOnceAMinuteForAllViewers(t *testing.T) {
	reads, now := 0, time.Unix(1_800_000_000, 0).Truncate(time.Minute)
	n := &notes{now: func() time.Time { return now }}
	var fail error
	fetch := func() ([]monitor.Sample, error) { reads++; return make([]monitor.Sample, reads), fail }
	look := func(after time.Duration, want int) {
		t.Helper()
		now = now.Add(after)
		for range 10 {
			if list, err := n.read(fetch); err != nil || len(list) != want {
				t.Errorf("read %d notes in %d reads, %v; want %d", len(list), reads, err, want)
			}
		}
	}
	look(30*time.Second, 1)
	look(30*time.Second+notesDue-time.Millisecond, 1) // the next minute's note may not be there yet
	look(time.Millisecond, 2)
	look(59*time.Second, 2)
	look(-time.Hour, 3) // the clock was set back
	fail = errors.New("away")
	now = now.Add(time.Minute)
	if list, err := n.read(fetch); err == nil || len(list) != 3 {
		t.Errorf("with Redis away: %d notes, %v; want those of before and the error", len(list), err)
	}
	fail = nil
	look(0, 5)
}

// A table has a hundred rows and more: what nobody opened goes to nobody, and what somebody reads does not change.
func TestTheStreamHasNoTable(t *testing.T) {
	w := newWorld(t)
	w.noteHours(60)
	day, _ := views.FindSpan("24h")
	src, err := w.hub.source(overviewTopic(day))
	if err == nil {
		err = src.load(w.ctx, w.client)
	}
	if err != nil {
		t.Fatal(err)
	}
	f, _ := src.paint(w.hub.look())
	if f.model.(views.Overview).Table != nil {
		t.Error("the topic makes a table")
	}
	chart := f.part("o-chart")
	if size := len(chart.markup); size > 6<<10 || strings.Contains(chart.markup, "<table") {
		t.Errorf("the chart of a day has %d bytes: %s", size, chart.markup)
	}
}

func TestTheChartChangesByStepsOnly(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	var list []monitor.Sample
	for i := range int64(200) {
		list = append(list, monitor.Sample{At: start.Add(time.Duration(i-199) * time.Minute), Completed: i * i})
	}
	hour, _ := views.FindSpan("1h")
	src, changes := overviewOf(hour), 0
	src.noted, src.loaded = list, true
	var before *frame
	for i := range 2 * 60 * 4 {
		now := start.Add(time.Duration(i) * 250 * time.Millisecond)
		f, _ := src.paint(look{snap: &monitor.Snapshot{}, known: true, now: now, wall: now})
		if before != nil {
			if m, _ := f.delta(before); m.V["chart:done"] != "" {
				changes++
			}
		}
		before = f
	}
	if changes != 2 {
		t.Errorf("the line of an hour changed %d times in two minutes; want once a minute", changes)
	}
}

func TestOnlyThePagesSpansAreTopics(t *testing.T) {
	for name, want := range map[string]bool{
		"overview": true, "overview?span=1h": true, "overview?span=24h": true, "overview?span=5m": false, "overview?": false,
		"overview?span=7d": false, "overview?span=1h&a=b": false, "overview?%zz": false, "overview?chart=table&span=1h": false,
	} {
		if _, err := newSource(name); (err == nil) != want {
			t.Errorf("%s: %v; want a topic %v", name, err, want)
		}
	}
}
