package live

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

func TestSplitTakesTheValuesOutOfMarkup(t *testing.T) {
	for _, c := range []struct {
		name, markup, shape string
		vals                map[string]string
	}{
		{"text", `<p>a <span data-v="k">1 &lt; 2</span> b</p>`, `<p>a <span data-v="k"></span> b</p>`, map[string]string{"k": "1 < 2"}},
		{"attribute", `<meter data-a="value" data-v="m" value="3" max="8"></meter>`, `<meter data-a="value" data-v="m" max="8"></meter>`, map[string]string{"m": "3"}},
		{"state", `<i data-v="s" data-s="running">Running</i>`, `<i data-v="s"></i>`, map[string]string{"s": "Running"}},
		{"own link stays", `<a href="/x" data-v="k">y</a>`, `<a href="/x" data-v="k"></a>`, map[string]string{"k": "y"}},
		{"link that follows its text", `<a data-p="/t/" href="/t/T1" data-v="k">T1</a>`, `<a data-p="/t/" data-v="k"></a>`, map[string]string{"k": "T1"}},
		{"no slot", `<p>x</p>`, `<p>x</p>`, map[string]string{}},
		{"a value that looks like a slot", `<b data-v="k">&lt;i data-v=&#34;z&#34;&gt;</b>`, `<b data-v="k"></b>`, map[string]string{"k": `<i data-v="z">`}},
	} {
		shape, vals := split(c.markup)
		if shape != c.shape || cmp.Diff(c.vals, vals) != "" {
			t.Errorf("%s: got %s %v, want %s %v", c.name, shape, vals, c.shape, c.vals)
		}
	}
}

func framed(frozen bool, markup string) *frame {
	p := newPart("p", templ.Raw(markup))
	p.frozen = frozen
	return &frame{parts: []part{p}}
}

func TestDeltaSendsTextWhileTheStructureStays(t *testing.T) {
	old := framed(false, `<b data-v="n">1</b>`)
	if m, changed := framed(false, `<b data-v="n">2</b>`).delta(old); !changed || m.V["n"] != "2" || len(m.H) != 0 {
		t.Errorf("another number: got %+v", m)
	}
	if m, changed := framed(false, `<b data-v="n">1</b><i></i>`).delta(old); !changed || m.H["p"] == "" || len(m.V) != 0 {
		t.Errorf("another structure: got %+v", m)
	}
	if m, changed := framed(false, `<b data-v="n">1</b>`).delta(old); changed {
		t.Errorf("the same: got %+v", m)
	}
}

func TestFrozenStructureIsNeverSent(t *testing.T) {
	old := framed(true, `<b data-v="n">1</b>`)
	m, changed := framed(true, `<b data-v="n">2</b><b data-v="new">3</b>`).delta(old)
	if !changed || len(m.H) != 0 || cmp.Diff(map[string]string{"n": "2"}, m.V) != "" {
		t.Errorf("got %+v, want the value of the known row alone", m)
	}
}

func TestArrivalsAreCountedAboveTheKnownRows(t *testing.T) {
	ids := func(s string) []string { return strings.Fields(s) }
	for _, c := range []struct {
		name     string
		old, now frame
		want     int
	}{
		{"two on top", frame{ids: ids("b c")}, frame{ids: ids("x y b"), more: true, count: true}, 2},
		{"moved up from the next page", frame{ids: ids("a b c")}, frame{ids: ids("a c d"), more: true, count: true}, 0},
		{"at the end of the only page", frame{ids: ids("a b")}, frame{ids: ids("a b c"), count: true}, 1},
		{"came back after it left", frame{ids: ids("a"), left: ids("b")}, frame{ids: ids("b a"), count: true}, 0},
		{"a later page", frame{ids: ids("a")}, frame{ids: ids("x a")}, 0},
	} {
		if got := c.now.arrived(&c.old); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

func TestATopicGivesDeltasThenASnap(t *testing.T) {
	top := newTopic("t", nil)
	top.apply(framed(false, `<b data-v="n">0</b>`))
	first := top.seq
	for i := 1; i <= catchUp+1; i++ {
		top.apply(framed(false, fmt.Sprintf(`<b data-v="n">%d</b>`, i)))
	}
	for _, c := range []struct {
		name string
		has  int64
		want int
	}{
		{"up to date", top.seq, 0},
		{"one behind", top.seq - 1, 1},
		{"as far behind as deltas go", top.seq - catchUp, catchUp},
		{"farther behind", first, 1},
		{"from another life", top.seq + 5, 1},
		{"nothing yet", 0, 1},
	} {
		messages, seq := top.since(c.has)
		if len(messages) != c.want || seq != top.seq {
			t.Errorf("%s: %d messages up to %d, want %d up to %d", c.name, len(messages), seq, c.want, top.seq)
		}
	}
}

func TestEventsTellEveryTaskRun(t *testing.T) {
	t0 := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	task := func(s queue.State, attempt int, started time.Time) *queue.Task {
		return &queue.Task{ID: "T1", State: s, Attempt: attempt, StartedAt: started, CreatedAt: t0, FinishedAt: t0.Add(9 * time.Second)}
	}
	half := task(queue.Running, 1, t0)
	half.LastProgress = &queue.Progress{Percent: 50, Message: "half"}
	for _, c := range []struct {
		name      string
		last, now *queue.Task
		want      string
	}{
		{"first look", nil, task(queue.Pending, 0, time.Time{}), "state pending"},
		{"first look at the end", nil, task(queue.Completed, 1, t0), "state completed"},
		{"one step", task(queue.Assigned, 0, time.Time{}), task(queue.Running, 1, t0), "state running"},
		{"ran between two looks", task(queue.Pending, 0, time.Time{}), task(queue.Completed, 1, t0), "state running, state completed"},
		{"ran and failed between two looks", task(queue.Pending, 0, time.Time{}), task(queue.Retry, 1, t0), "state running, state retry"},
		{"ended as seen running", task(queue.Running, 1, t0), task(queue.Completed, 1, t0), "state completed"},
		{"next attempt", task(queue.Running, 1, t0), task(queue.Running, 2, t0.Add(time.Second)), "state running"},
		{"nothing new", task(queue.Running, 1, t0), task(queue.Running, 1, t0), ""},
		{"progress", task(queue.Running, 1, t0), half, "progress "},
		{"same progress", half, half, ""},
		{"canceled before it ran", task(queue.Pending, 0, time.Time{}), task(queue.Canceled, 0, time.Time{}), "state canceled"},
	} {
		var got []string
		for _, e := range eventsOf("T1", c.last, update{Task: c.now}, t0) {
			got = append(got, e.Type+" "+string(e.State))
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: got %q, want %q", c.name, s, c.want)
		}
	}
}

func TestATimeIsAValueWithoutItsText(t *testing.T) {
	const tag = `<p><time data-a="datetime" data-v="at" datetime="%s">%s</time> UTC</p>`
	early, vals := split(fmt.Sprintf(tag, "2026-11-23T12:00:00.000Z", "12:00:00"))
	late, _ := split(fmt.Sprintf(tag, "2026-11-23T12:00:01.000Z", "12:00:01"))
	if early != late || vals["at"] != "2026-11-23T12:00:00.000Z" {
		t.Errorf("shapes %q and %q, values %v; want one shape, and the moment as the value", early, late, vals)
	}
}

func TestTopicsAreNamedStrictly(t *testing.T) {
	for name, ok := range map[string]bool{
		"overview": true, "tasks?": true, "tasks?queue=email": true, "task:T1": true, "task:<b>": false, "task:": false, "tasks?%zz": false, "other": false,
	} {
		if _, err := newSource(name); (err == nil) != ok {
			t.Errorf("topic %q: %v", name, err)
		}
	}
}

func TestFramesSlowDownWithTheCrowd(t *testing.T) {
	for viewers, want := range map[int]time.Duration{1: 250, 1000: 250, 1001: 500, 5001: 1000} {
		if got := framePace(viewers); got != want*time.Millisecond {
			t.Errorf("%d viewers: %s", viewers, got)
		}
	}
}

func decode(t *testing.T, text []byte) message {
	t.Helper()
	var m message
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return m
}
