package views

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
)

var update = flag.Bool("update", false, "write the golden files anew")

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func at(secondsBefore float64) time.Time {
	return noon.Add(-time.Duration(secondsBefore * float64(time.Second)))
}

// hostile are texts that a careless page would run.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `</pre><script>alert(1)</script>`,
	`javascript:alert(1)`, `" data-v="tile:oldest">`, `{{constructor.constructor('alert(1)')()}}`, "\u2028</textarea><svg onload=alert(1)>",
}

func sampleTask(text string) queue.Task {
	payload, _ := json.Marshal(text)
	return queue.Task{
		ID: "T1", Type: text, Queue: text, Payload: payload, MaxAttempts: 5, State: queue.Failed, Reason: queue.ReasonAttemptsExhausted,
		Attempt: 5, WorkerID: text, CreatedAt: at(60), AssignedAt: at(51), StartedAt: at(50), FinishedAt: at(49), Result: payload,
		Error: text, LastProgress: &queue.Progress{Percent: 40, Message: text}, Tags: []string{text},
	}
}

func sampleSnapshot(text string) *monitor.Snapshot {
	paused := queue.Time{Time: at(30)}
	return &monitor.Snapshot{
		Type: "snapshot", Seq: 7, At: queue.Time{Time: noon},
		Queues: []queue.Queue{
			{Name: "email", Pending: 120, Running: 3, Failed: 2, Completed: 1500, OldestPendingSeconds: 252},
			{Name: text, Pending: 4, Paused: true, PausedAt: &paused, OldestPendingSeconds: 31},
		},
		Workers: []queue.Worker{
			{
				ID: "w-1", Name: text, State: queue.WorkerReady, Drills: true, Host: text, PID: 7, Version: text, Slots: 4, Running: 3,
				StartedAt: queue.Time{Time: at(600)}, LastHeartbeatAt: queue.Time{Time: at(1)}, Queues: map[string]int{text: 5, "email": 1},
				Types: []string{text}, CurrentTasks: []queue.CurrentTask{{ID: text, Type: text, Queue: text, Attempt: 1, StartedAt: queue.Time{Time: at(77)}}},
			},
			{ID: "w-0", Name: text, State: queue.WorkerLost, Requeued: 20, Drill: "d1", LastHeartbeatAt: queue.Time{Time: at(9)}},
		},
		Totals: monitor.Totals{Pending: 124, Running: 3, Failed: 2, Completed: 1500, CompletedTotal: 1500, SubmittedTotal: 1624, Workers: 1, WorkersLost: 1, Slots: 4},
	}
}

var sampleHistory = []Sample{{At: at(300)}, {At: at(100), Submitted: 400, Completed: 300, Failed: 2}, {At: noon, Submitted: 1624, Completed: 1500, Failed: 2}}

func sampleData(text string) OverviewData {
	return OverviewData{
		Snap: sampleSnapshot(text), Now: noon, Drills: true, Latest: []queue.Task{sampleTask(text)}, Failed: []queue.Task{sampleTask(text)},
		Failing: []queue.FailureGroup{sampleGroup(text, 7)},
		History: sampleHistory, ByQueue: map[string][]Sample{text: sampleHistory},
	}
}

// sampleDrill is a drill that is over.
func sampleDrill(text string) *queue.Drill {
	moment := func(secondsBefore float64) *queue.Time { return &queue.Time{Time: at(secondsBefore)} }
	return &queue.Drill{
		ID: "d1", WorkerID: "w-0", WorkerName: text, State: queue.DrillDone, Summary: "0 lost, 3 run again.", AskedAt: *moment(12),
		StoppedAt: moment(11.9), LostAt: moment(6.7), RecoveredAt: moment(6.5), Held: 3, Given: 1, Running: 1, Ended: 3, RunAgain: 3, NotRunAgain: 1,
	}
}

// sampleDay is an overview of nothing but the chart of a day, here of an hour in steps of ten minutes, and its table.
func sampleDay() Overview {
	span := Spans[2]
	span.Length = time.Hour
	once := &monitor.Snapshot{At: queue.Time{Time: noon}, Totals: monitor.Totals{SubmittedTotal: 1}}
	m := NewOverview(OverviewData{Snap: once, Now: noon, Span: span, Notes: exampleNotes(noon)})
	m.Table = NewPointTable(m.Chart)
	return m
}

// pages renders every page with text wherever data comes from users.
func pages(text string) map[string]templ.Component {
	d, task := sampleData(text), sampleTask(text)
	running := task
	running.State, running.FinishedAt = queue.Running, time.Time{}
	attempts := []queue.Attempt{{Attempt: 1, Outcome: queue.OutcomeLost, WorkerID: text, StartedAt: at(55), FinishedAt: at(52), Error: text}}
	p := Page{
		Title: text, Path: "/", Chrome: NewChrome(d.Snap, true, noon.Add(12*time.Second)), Live: Mark{Epoch: "E", Topics: map[string]int64{"tasks?q=" + text: 3}}.JSON(),
		CSRF: "token", Notice: text, Build: "v1", Store: text, Environment: NewEnvironment(text), Assets: Assets{CSS: "/app.css", Theme: "/theme.js", Script: "/live.js", Logo: "/logo.svg"},
	}
	list := NewTasks(TasksData{Snap: d.Snap, Now: noon, Filter: queue.Filter{State: queue.Failed, Queue: text, Q: text}, Page: queue.Page{Items: d.Latest, Next: text}})
	ended := []queue.Ended{{ID: text, Queue: text, Type: text, WorkerID: text, State: queue.Failed, Attempt: 2, CreatedAt: at(60), StartedAt: at(50), FinishedAt: at(49)}}
	return map[string]templ.Component{
		"overview": OverviewPage(p, NewOverview(d)),
		"queues":   QueuesPage(p, NewQueues(d)),
		"workers":  WorkersPage(p, NewWorkers(d)),
		"queue":    QueuePage(p, NewQueue(d, text, ended)),
		"worker":   WorkerPage(p, NewWorker(d, "w-1", ended)),
		"past":     WorkerPage(p, NewWorker(d, "w-0", nil)),
		"drain":    ConfirmPage(p, ConfirmDrain(d.Snap.Workers[0])),
		"drill":    ConfirmPage(p, ConfirmDrill(d.Snap.Workers[0])),
		"drilled":  DrillReportPage(p, NewDrill(sampleDrill(text))),
		"tasks":    TasksPage(p, list),
		"task":     TaskPage(p, NewTask(task.ID, &task, attempts, "", noon)),
		"running":  TaskPage(p, NewTask(task.ID, &running, attempts, "", noon)),
		"deleted":  TaskPage(p, NewTask(task.ID, nil, nil, "", noon)),
		"submit":   SubmitPage(p, Submit{ID: text, Type: text, Queue: text, Payload: text, Options: SubmitOptions{Priority: text, Tags: text, RunAt: text}, Field: "id", Wrong: text, Error: text, Examples: Examples(), Queues: []string{text}, Curl: Curl(text, task.Payload), Server: text, Open: true}),
		"failed":   FailedPage(p, NewFailed(sampleFailed(text))),
		"failure":  FailureGroupPage(p, NewFailurePage(&sampleFailed(text).Groups[0], &sampleFailed(text).Redrives[0], noon)),
		"redrive":  RedriveAskPage(p, sampleAsk(text)),
		"day":      OverviewPage(p, sampleDay()),
		"first":    OverviewPage(p, NewOverview(OverviewData{Snap: &monitor.Snapshot{At: queue.Time{Time: noon}}, Now: noon})),
		"retry":    ConfirmPage(p, ConfirmRetry(&task)),
		"confirm":  ConfirmPage(p, ConfirmCancel(&running)),
		"bulk": BulkPage(p, NewBulk(queue.Selection{
			ID: text, Action: queue.ActionRetry, Count: 1204, Sample: []string{text}, More: true,
			Filter: queue.Filter{State: queue.Failed, Queue: text, Type: text, Worker: text, Q: text},
		}, text)),
		"fault": FaultPage(p, Fault{Status: "503", Title: text, Sentence: text, Known: text, At: "12:00:00", Retry: true}),
	}
}

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// framed is the page that is kept whole; of the others what stands in its frame.
const framed = "overview"

// content is what stands in a page's frame.
func content(page string) string {
	_, rest, _ := strings.Cut(page, "<main")
	inside, _, _ := strings.Cut(rest, "</main>")
	return "<main" + inside + "</main>"
}

func TestPagesAreAsTheyWere(t *testing.T) {
	for name, page := range pages("plain") {
		got := render(t, page)
		if name != framed {
			got = content(got)
		}
		got = strings.ReplaceAll(got, "><", ">\n<") + "\n"
		path := filepath.Join("testdata", name+".html")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs from %s; go test ./views -update writes it anew, then look at the change", name, path)
		}
	}
}

// TestHostileTextStaysText parses every page as a browser does: its elements and attributes must be those of the page
// with harmless text, whatever users write.
func TestHostileTextStaysText(t *testing.T) {
	want := map[string]string{}
	for name, page := range pages("plain") {
		want[name] = skeleton(t, render(t, page))
	}
	for _, text := range hostile {
		for name, page := range pages(text) {
			markup := render(t, page)
			if got := skeleton(t, markup); got != want[name] {
				t.Errorf("%s with %q has other elements:\n%s\nwant:\n%s", name, text, got, want[name])
			}
		}
	}
}

// skeleton lists a page's elements with the names of their attributes, and fails where the policy forbids one.
func skeleton(t *testing.T, markup string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(markup))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		b.WriteString("\n" + n.Data)
		for _, a := range n.Attr {
			b.WriteString(" " + a.Key)
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(strings.ToLower(a.Val), "javascript:") && (a.Key == "href" || a.Key == "src" || a.Key == "action") {
				t.Errorf("<%s %s=%q> would run or be refused", n.Data, a.Key, a.Val)
			}
		}
	}
	return b.String()
}

func TestStatusNamesTheWorstFirst(t *testing.T) {
	base := func() OverviewData {
		return OverviewData{Now: noon, Snap: &monitor.Snapshot{At: queue.Time{Time: noon}, Totals: monitor.Totals{Workers: 2, Slots: 8}}}
	}
	for _, c := range []struct {
		name   string
		change func(*OverviewData)
		want   string
		clause string
	}{
		{"calm", func(*OverviewData) {}, "Healthy", "nothing is waiting, 2 workers ready"},
		{"busy", func(d *OverviewData) { d.Snap.Totals.Running = 3; d.Snap.Totals.Pending = 9 }, "Healthy", "3 tasks running, 9 waiting"},
		{"behind", func(d *OverviewData) {
			d.Snap.Queues = []queue.Queue{{Name: "email", Pending: 1, OldestPendingSeconds: 252}}
		}, "Falling behind", "email, oldest waiting 4 min 12 s (limit 1 min)"},
		{"failing", func(d *OverviewData) { d.History = []Sample{{At: at(300)}, {At: noon, Completed: 9, Failed: 3}} }, "Failing", "25 % of the tasks that ended in the last 5 min failed"},
		{"one failure is no state", func(d *OverviewData) { d.History = []Sample{{At: at(300)}, {At: noon, Failed: 1}} }, "Healthy", "nothing is waiting, 2 workers ready"},
		{"nobody works", func(d *OverviewData) { d.Snap.Totals.Workers = 0; d.Snap.Totals.Pending = 120 }, "No workers", "120 tasks waiting and nobody to run them"},
		{"paused", func(d *OverviewData) { d.Snap.Queues = []queue.Queue{{Name: "email", Paused: true, Pending: 4}} }, "Paused", "email is paused, 4 tasks waiting"},
		{"stale beats all", func(d *OverviewData) { d.Stale = true; d.Snap.Totals.Workers = 0 }, "Data stale", "the store does not answer; the numbers are from 12:00:00 UTC"},
		{"a lost worker is a note", func(d *OverviewData) { d.Snap.Totals.WorkersLost = 2 }, "Healthy", "2 of 4 workers lost"},
	} {
		d := base()
		c.change(&d)
		s := newStatus(d)
		if s.Word != c.want || len(s.Clauses) == 0 || s.Clauses[0].Text != c.clause {
			t.Errorf("%s: got %s %+v, want %s %q", c.name, s.Word, s.Clauses, c.want, c.clause)
		}
	}
}

func TestActionsFollowTheState(t *testing.T) {
	want := map[queue.State]string{
		queue.Scheduled: "Run now,Cancel,Delete…", queue.Pending: "Cancel,Delete…", queue.Assigned: "Cancel", queue.Running: "Cancel…",
		queue.Retry: "Run now,Cancel,Delete…", queue.Completed: "Delete…", queue.Failed: "Retry,Delete…", queue.Canceled: "Retry,Delete…",
	}
	for _, s := range queue.States {
		var labels []string
		for _, a := range actions(&queue.Task{ID: "T1", State: s}) {
			if a.Confirm {
				a.Label += "…"
			}
			labels = append(labels, a.Label)
		}
		if got := strings.Join(labels, ","); got != want[s] {
			t.Errorf("%s: got %s, want %s", s, got, want[s])
		}
	}
}

func TestChartLeavesOutPointsOnALine(t *testing.T) {
	if got := newChart([]Sample{{At: at(300)}}, noon).Completed; got != "M0 100L600 100" {
		t.Errorf("a flat line is %q", got)
	}
	history := []Sample{{At: at(300)}, {At: at(20)}, {At: at(15), Completed: 50}, {At: noon, Completed: 50}}
	c := newChart(history, noon)
	if c.Top != "10/s" || !strings.Contains(c.Completed, "L569 0") {
		t.Errorf("50 tasks in five seconds: top %s, path %s", c.Top, c.Completed)
	}
}

func TestRatesOfAYoungHistoryCoverItsOwnAge(t *testing.T) {
	history := []Sample{{At: at(4)}, {At: noon, Submitted: 8, Completed: 4}}
	submitted, done, failed := RatesAt(history, noon)
	if submitted != 2 || done != 1 || failed != 0 {
		t.Errorf("got %v %v %v, want 2 1 0", submitted, done, failed)
	}
}

func TestCurlSurvivesTheShell(t *testing.T) {
	if got := quote(`it's $(x)`); got != `'it'\''s $(x)'` {
		t.Errorf("got %s", got)
	}
}
