package chaos

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

func (m *model) anyWorker(t *rapid.T) (*holding, bool) {
	if len(m.live) == 0 {
		return nil, false
	}
	m.move.worker = rapid.SampledFrom(slices.Sorted(maps.Keys(m.live))).Draw(t, "worker")
	return m.live[m.move.worker], true
}

func (m *model) register(t *rapid.T) {
	if len(m.live) >= 4 {
		return
	}
	cfg := workers.Config{
		Name: fmt.Sprintf("w%d", m.n), Slots: rapid.IntRange(1, 4).Draw(t, "slots"),
		Queues: rapid.SampledFrom([]map[string]int{{"*": 1}, {"default": 1, "email": 5}, {"email": 1, "*": 2}}).Draw(t, "queues"),
	}
	m.n++
	types := rapid.SampledFrom([][]string{{"echo"}, {"mail"}, {"echo", "mail"}}).Draw(t, "types")
	s, err := workers.Register(m.ctx, m.client, cfg, types)
	if err != nil {
		t.Fatal(err)
	}
	m.live[s.ID()] = &holding{session: s, slots: cfg.Slots, running: map[string]*queue.Task{}}
}

var someKinds = rapid.SampledFrom([]workers.Kind{workers.Complete, workers.Complete, workers.Retry, workers.Fail, workers.Release})

func reportOf(t *queue.Task, kind workers.Kind) workers.Report {
	r := workers.Report{TaskID: t.ID, Attempt: t.Attempt, Kind: kind, Outcome: queue.OutcomeOK, Result: `{"done":true}`}
	if t.Attempt%2 == 1 { // recorded in a group, where it ended well
		r.Queue, r.Retention = t.Queue, t.Retention
	}
	if kind != workers.Complete {
		r.Error, r.Outcome, r.Reason, r.Result = "some|error\nof two lines", queue.OutcomeError, queue.ReasonAttemptsExhausted, ""
	}
	return r
}

func (m *model) turn(t *rapid.T) {
	w, ok := m.anyWorker(t)
	if !ok {
		return
	}
	var reports []workers.Report
	m.move.reports = map[string]workers.Report{}
	for _, id := range slices.Sorted(maps.Keys(w.running)) {
		if rapid.Bool().Draw(t, "ended") {
			kind := someKinds.Draw(t, "kind")
			if kind == workers.Retry && w.running[id].Attempt == w.running[id].MaxAttempts {
				kind = workers.Fail // as a worker judges it
			}
			reports = append(reports, reportOf(w.running[id], kind))
			m.move.reports[id] = reports[len(reports)-1]
		}
	}
	for range rapid.IntRange(1, 2).Draw(t, "times sent") { // a lost reply: the same reports again
		want := rapid.IntRange(0, w.slots).Draw(t, "want")
		verdicts, leases, err := w.session.Turn(m.ctx, reports, min(want, w.slots-len(w.running)+len(reports)))
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range verdicts {
			if v == workers.Refused && w.running[reports[i].TaskID] != nil {
				t.Fatalf("the report of %s was refused although it was this worker's", reports[i].TaskID)
			}
		}
		for _, r := range reports {
			delete(w.running, r.TaskID)
		}
		for _, lease := range leases {
			w.running[lease.ID] = lease
		}
		m.lateProgress(t, leases)
		if slices.ContainsFunc(reports, func(r workers.Report) bool { return w.running[r.TaskID] != nil }) {
			break // it came back to the same worker: sending the old report again is lateReport's business
		}
	}
}

func (m *model) lateReport(t *rapid.T) {
	if len(m.late) == 0 {
		return
	}
	late := rapid.SampledFrom(m.late).Draw(t, "late")
	_, _, err := late.session.Turn(m.ctx, []workers.Report{reportOf(late.task, workers.Complete)}, 1)
	if !errors.Is(err, workers.ErrLeaseLost) {
		t.Fatalf("the late report of %s by %s gave %v, wanted ErrLeaseLost", late.task.ID, late.session.ID(), err)
	}
	for _, w := range m.live { // and somebody else's report of it by a worker that lives
		if w.running[late.task.ID] == nil {
			verdicts, _, err := w.session.Turn(m.ctx, []workers.Report{reportOf(late.task, workers.Complete)}, 0)
			if err != nil || verdicts[0] == workers.Recorded {
				t.Fatalf("the report of %s by %s, which does not hold it, gave %v, %v", late.task.ID, w.session.ID(), verdicts, err)
			}
			return
		}
	}
}

// lateProgress shows what the tasks that the worker was just given said to those that lost them.
func (m *model) lateProgress(t *rapid.T, leases []*queue.Task) {
	for _, late := range m.late {
		if !slices.ContainsFunc(leases, func(lease *queue.Task) bool { return lease.ID == late.task.ID }) {
			continue
		}
		shown := workers.ProgressReport{TaskID: late.task.ID, Attempt: late.task.Attempt, Progress: queue.Progress{Percent: 99}}
		if n, err := late.session.Progress(m.ctx, shown); n != 0 || err != nil {
			t.Fatalf("%d of the late progress of %s by %s was taken, %v; wanted none", n, late.task.ID, late.session.ID(), err)
		}
	}
}

func (m *model) heartbeat(t *rapid.T) {
	if w, ok := m.anyWorker(t); ok {
		_, err := w.session.Heartbeat(m.ctx, rapid.IntRange(1, 4).Draw(t, "slots"))
		m.expect(t, err)
	}
}

func (m *model) drain(t *rapid.T) {
	if w, ok := m.anyWorker(t); ok {
		_, err := w.session.Drain(m.ctx)
		m.expect(t, err)
	}
}

func (m *model) leave(t *rapid.T) {
	w, ok := m.anyWorker(t)
	if !ok {
		return
	}
	left, err := w.session.Leave(m.ctx)
	if err != nil || left != (len(w.running) == 0) {
		t.Fatalf("leave with %d running: %v, %v", len(w.running), left, err)
	}
	if left {
		delete(m.live, w.session.ID())
	}
}

// lose: the worker's last heartbeat becomes an old one, and the monitor looks.
func (m *model) lose(t *rapid.T) {
	w, ok := m.anyWorker(t)
	if !ok {
		return
	}
	m.move.last = m.lastOn(w.session.ID())
	long := redis.Z{Score: 1, Member: w.session.ID()}
	if err := m.client.Redis().ZAdd(m.ctx, m.client.Keys().Workers(), long).Err(); err != nil {
		t.Fatal(err)
	}
	if err := m.monitor.Reclaim(m.ctx); err != nil {
		t.Fatal(err)
	}
	for _, task := range w.running {
		m.late = append(m.late, lateReport{w.session, task})
	}
	delete(m.live, w.session.ID())
}

// lastOn is the task that alone began last of those that run on the worker, "" where several did, or none.
func (m *model) lastOn(worker string) (last string) {
	var at int64 = -1
	for id, l := range m.lives {
		switch {
		case l.state != queue.Running || l.worker != worker || l.startedAt < at:
		case l.startedAt == at:
			last = ""
		default:
			last, at = id, l.startedAt
		}
	}
	return last
}
