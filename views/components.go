package views

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
)

// Components is the page "/dev/components": each component in every state, from the same builders as the real pages.
type Components struct {
	Statuses     []Status
	Words        []string // of all states, of tasks and of workers
	Tiles        [][]Tile
	Environments []Environment
	Charts       []Chart
	Table        *PointTable
	Queues       QueueTable
	Workers      WorkerTable
	Rows         []TaskRow
	Tabs         []Tab
	Meters       []Meter
	Empties      []Empty
	Chromes      []Chrome // whose stale notes are shown
	Banners      []string
	First        []*First
	Tasks        []Task
	Form         Submit
	Confirms     []Confirm
	Drills       []DrillPage
	Faults       []Fault
}

// NewComponents fills the page with examples as of now.
func NewComponents(now time.Time) Components {
	d := exampleData(now)
	m := Components{
		Statuses: exampleStatuses(now), Queues: NewQueues(d), Workers: NewWorkers(d),
		Tiles: [][]Tile{newTiles(d), newTiles(calmData(now))}, Rows: newTaskRows(d.Latest, now),
		Tabs:    newTabs(TasksData{Snap: d.Snap, Filter: queue.Filter{State: queue.Running}, Now: now}),
		Empties: []Empty{NoTasksYet(), noTasks(TasksData{Filter: queue.Filter{State: queue.Failed, Queue: "email"}})},
		Chromes: []Chrome{NewChrome(nil, true, now), NewChrome(d.Snap, true, now.Add(12*time.Second))},
		Banners: []string{"Submitted."}, First: []*First{{}, {Workers: "2 workers are ready"}}, Form: exampleForm(),
		Faults: []Fault{{Status: "404", Title: "No such task", Sentence: "It never was, or it is kept no longer."}},
	}
	for _, name := range []string{"staging", "production"} {
		m.Environments = append(m.Environments, NewEnvironment(name))
	}
	m.Charts = []Chart{newChart(d.History, now), newSpanChart(Spans[1], exampleNotes(now), now)}
	m.Table = NewPointTable(m.Charts[1])
	for _, s := range queue.States {
		m.Words = append(m.Words, Title(string(s)))
	}
	for _, s := range []queue.WorkerState{
		queue.WorkerStarting, queue.WorkerReady, queue.WorkerDraining, queue.WorkerLost, queue.WorkerGone, "active", "paused",
	} {
		m.Words = append(m.Words, Title(string(s)))
	}
	for _, percent := range []string{"0", "1", "50", "100"} {
		m.Meters = append(m.Meters, Meter{Key: "dev:meter:" + percent, Label: percent + " %", Value: percent, Max: "100"})
	}
	for i := range d.Latest {
		m.Tasks = append(m.Tasks, NewTask(d.Latest[i].ID, &d.Latest[i], exampleAttempts(now), "Its queue is paused.", now))
	}
	m.Tasks = append(m.Tasks, NewTask("deleted", nil, nil, "", now))
	m.Confirms = []Confirm{ConfirmCancel(&d.Latest[3]), ConfirmDelete(&d.Latest[6]), ConfirmRetry(&d.Latest[6]), ConfirmDrill(d.Snap.Workers[0])}
	for _, state := range []queue.DrillState{
		queue.DrillAsked, queue.DrillSilent, queue.DrillRecovering, queue.DrillDone, queue.DrillVoid,
	} {
		m.Drills = append(m.Drills, NewDrill(exampleDrill(state, 0, now)))
	}
	m.Drills = append(m.Drills, NewDrill(exampleDrill(queue.DrillDone, 1, now)))
	return m
}

// exampleNotes are those of an hour in which nothing was noted for some minutes.
func exampleNotes(now time.Time) []Sample {
	var notes []Sample
	for i := range int64(60) {
		if i < 20 || i > 30 {
			notes = append(notes, Sample{
				At: now.Add(time.Duration(i-60) * time.Minute), Submitted: 300 * i, Completed: 280 * i, Failed: i * i,
			})
		}
	}
	return notes
}

// exampleStatuses has each word of the status sentence once.
func exampleStatuses(now time.Time) []Status {
	var list []Status
	for _, change := range []func(*OverviewData){
		func(*OverviewData) {},
		func(d *OverviewData) {
			d.Snap.Queues = []queue.Queue{{Name: "email", Pending: 9, OldestPendingSeconds: 252}}
			d.Snap.Totals.WorkersLost = 2
		},
		func(d *OverviewData) {
			d.History = []Sample{{At: now.Add(-chartSpan)}, {At: now, Completed: 9, Failed: 3}}
		},
		func(d *OverviewData) { d.Snap.Totals.Workers, d.Snap.Totals.Pending = 0, 120 },
		func(d *OverviewData) { d.Snap.Queues = []queue.Queue{{Name: "email", Paused: true, Pending: 4}} },
		func(d *OverviewData) { d.Stale = true },
	} {
		d := calmData(now)
		change(&d)
		list = append(list, newStatus(d))
	}
	return list
}

// calmData is a system without work and without trouble.
func calmData(now time.Time) OverviewData {
	totals := monitor.Totals{Workers: 8, Slots: 64, SubmittedTotal: 1}
	return OverviewData{Now: now, Snap: &monitor.Snapshot{At: queue.Time{Time: now}, Totals: totals}}
}

// exampleData is a busy system with one of everything that can go wrong.
func exampleData(now time.Time) OverviewData {
	d := calmData(now)
	ago := func(s float64) queue.Time { return queue.Time{Time: now.Add(-time.Duration(s * float64(time.Second)))} }
	paused := ago(90)
	d.Snap.Queues = []queue.Queue{
		{Name: "default", Running: 41, Completed: 1_234_567},
		{Name: "email", Pending: 9, Paused: true, PausedAt: &paused, OldestPendingSeconds: 252},
		{Name: "a-queue-with-a-name-that-is-as-long-as-names-may-be-0123456789ab", Pending: 120_000, Retry: 4, Failed: 12, OldestPendingSeconds: 7},
	}
	for i, state := range []queue.WorkerState{
		queue.WorkerReady, queue.WorkerStarting, queue.WorkerDraining, queue.WorkerLost, queue.WorkerGone,
	} {
		name := "worker-" + string(rune('a'+i))
		d.Snap.Workers = append(d.Snap.Workers, queue.Worker{
			ID: name + "-0a1b2c3d", Name: name, State: state, Host: "host", PID: 4711, Version: "v1.0", Slots: 8, Running: 8 - 2*i,
			Requeued: 3, StartedAt: ago(7200), LastHeartbeatAt: ago(float64(i * 2)), Queues: map[string]int{"*": 1, "email": 5},
			Types: []string{"echo", "sleep"}, CurrentTasks: []queue.CurrentTask{{ID: "T-4", Type: "sleep", Queue: "default", StartedAt: ago(77)}},
		})
	}
	d.Snap.Totals = monitor.Totals{
		Pending: 120_009, Running: 41, Retry: 4, Failed: 12, Completed: 1_234_567, CompletedTotal: 1_234_567,
		SubmittedTotal: 1, Workers: 7, WorkersLost: 1, Slots: 64,
	}
	d.History = []Sample{
		{At: ago(300).Time},
		{At: ago(200).Time, Submitted: 900, Completed: 700, Failed: 40},
		{At: ago(60).Time, Submitted: 1900, Completed: 1800, Failed: 260},
		{At: now, Submitted: 2600, Completed: 2200, Failed: 280},
	}
	for i, state := range queue.States {
		d.Latest = append(d.Latest, exampleTask(i, state, now))
	}
	return d
}

func exampleTask(i int, state queue.State, now time.Time) queue.Task {
	t := queue.Task{
		ID: "T-" + strconv.Itoa(i+1), Type: "sleep", Queue: "default", State: state, Attempt: 2, MaxAttempts: 5, WorkerID: "worker-a-0a1b2c3d",
		Payload: json.RawMessage(`{"seconds":5}`), CreatedAt: now.Add(-95 * time.Second), StartedAt: now.Add(-77 * time.Second),
	}
	switch {
	case state == queue.Running:
		t.LastProgress = &queue.Progress{Percent: 40, Message: "2.0 of 5.0 s slept"}
	case state == queue.Scheduled || state == queue.Retry:
		t.RunAt = now.Add(50 * time.Second)
	case state.Final():
		t.FinishedAt = now.Add(-72 * time.Second)
	}
	if state == queue.Failed || state == queue.Retry {
		t.Error = "dial tcp: connection refused\nand a second line"
	}
	if state == queue.Failed {
		t.Reason = queue.ReasonAttemptsExhausted
	}
	return t
}

// exampleAttempts has each outcome once, and one that goes on.
func exampleAttempts(now time.Time) []queue.Attempt {
	var list []queue.Attempt
	for i, o := range []queue.Outcome{
		queue.OutcomeError, queue.OutcomeTimeout, queue.OutcomeLost, queue.OutcomeReleased, queue.OutcomeCanceled, queue.OutcomeOK, "",
	} {
		a := queue.Attempt{Attempt: i + 1, Outcome: o, WorkerID: "worker-a-0a1b2c3d", StartedAt: now.Add(time.Duration(i-20) * time.Second)}
		if o != "" {
			a.FinishedAt = a.StartedAt.Add(700 * time.Millisecond)
		}
		if o == queue.OutcomeError {
			a.Error = "dial tcp: connection refused"
		}
		list = append(list, a)
	}
	return list
}

// exampleDrill is a drill in a state, with that many of its tasks lost.
func exampleDrill(state queue.DrillState, lost int64, now time.Time) *queue.Drill {
	summary := "0 lost, 3 run again."
	if lost > 0 || state != queue.DrillDone {
		summary = "The worker is " + string(state) + "."
	}
	return &queue.Drill{
		ID: string(state), WorkerID: "worker-a-0a1b2c3d", WorkerName: "worker-a", State: state, Summary: summary,
		AskedAt: queue.Time{Time: now}, Held: 3, RunAgain: 2, Running: 2, Waiting: 1 - lost, Lost: lost,
	}
}

// exampleForm is the form after a mistake.
func exampleForm() Submit {
	return Submit{
		Type: "echo", Queue: "default", Payload: `{"broken`, Field: "payload", Wrong: "line 1, column 9: unexpected end of JSON input",
		Error: awayExample, Examples: Examples(), Curl: Curl("http://localhost:8080", json.RawMessage(`{"payload":1}`)), Open: true,
	}
}

const awayExample = "The server cannot reach Redis, so the task may or may not have been taken."
