package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/scheduler"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// TestAfterAnyMovesEachTaskStandsInOnePlaceAndCountsAddUp drives random moves, also wrong and late ones, and reads the
// whole cell after each: every task stands on exactly one list or set, which its state names, every counter equals what
// is there, and nothing of any task has changed but by the arrows of the state diagram that the move may take. It runs
// on both stores; -rapid.checks says how many runs of random moves, 100 where it is not given.
func TestAfterAnyMovesEachTaskStandsInOnePlaceAndCountsAddUp(t *testing.T) {
	redistest.Each(t, func(t *testing.T, url string) {
		c, err := queue.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		rapid.Check(t, func(rt *rapid.T) {
			m := newModel(t.Context(), rt, c)
			m.noted("register", m.register)(rt)
			m.noted("submit", m.submit)(rt)
			rt.Repeat(m.moves())
		})
	})
}

type holding struct {
	session *workers.Session
	slots   int
	running map[string]*queue.Task
}

// model is what a user and the workers know.
type model struct {
	ctx       context.Context
	client    *queue.Client
	scheduler *scheduler.Scheduler
	purger    *scheduler.Scheduler
	monitor   *monitor.Monitor
	repairs   *bytes.Buffer // what the audit logged
	payloads  map[string]string
	live      map[string]*holding
	late      []lateReport
	n         int
	move      *move           // the last one
	lives     map[string]life // as they were before it
}

// lateReport is one that a worker could send after it lost the task.
type lateReport struct {
	session *workers.Session
	task    *queue.Task
}

const leaseForEver = time.Hour // workers are lost by the test's word only

func newModel(ctx context.Context, t *rapid.T, c *queue.Client) *model {
	if err := c.Redis().FlushAll(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	repairs := &bytes.Buffer{}
	quiet := slog.New(slog.NewTextHandler(repairs, &slog.HandlerOptions{Level: slog.LevelError}))
	return &model{
		ctx: ctx, client: c, payloads: map[string]string{}, live: map[string]*holding{}, repairs: repairs, move: &move{},
		scheduler: scheduler.New(c, scheduler.Config{Log: quiet}),
		purger:    scheduler.New(c, scheduler.Config{MaxCompleted: 1, Log: quiet}),
		monitor:   monitor.New(c, monitor.Config{WorkerTimeout: leaseForEver, Log: quiet}),
	}
}

// moves are the actions. What makes tasks run is named more often than what stops them, or few would ever run; and
// first, because rapid prefers what is first in the alphabet.
func (m *model) moves() map[string]func(*rapid.T) {
	moves := map[string]func(*rapid.T){"": m.check}
	for i, action := range []struct {
		name  string
		often int
		do    func(*rapid.T)
	}{
		{"turn", 8, m.turn}, {"schedule", 3, m.schedule}, {"submit", 3, m.submit}, {"lose worker", 2, m.lose},
		{"register", 4, m.register}, {"level", 2, m.level}, {"leave", 2, m.leave}, {"redrive", 3, m.redrive},
		{"cancel", 2, m.cancel}, {"purge", 1, m.purge}, {"run now", 1, m.runNow}, {"delete", 1, m.delete},
		{"drain", 1, m.drain}, {"heartbeat", 1, m.heartbeat}, {"pause", 1, m.pause}, {"audit", 1, m.audit},
		{"late report", 1, m.lateReport}, {"submit again", 1, m.resubmit},
	} {
		for n := range action.often {
			moves[fmt.Sprintf("%c%d %s", 'a'+i, n, action.name)] = m.noted(action.name, action.do)
		}
	}
	return moves
}

// noted is the action that leaves word of what it is about to do.
func (m *model) noted(name string, act func(*rapid.T)) func(*rapid.T) {
	return func(t *rapid.T) {
		m.move = &move{name: name, began: time.Now().UnixMilli()}
		act(t)
	}
}

var (
	someQueues = rapid.SampledFrom([]string{"default", "email", "a:b"})
	someTypes  = rapid.SampledFrom([]string{"echo", "echo", "mail", "mail", "nobody"})
)

func (m *model) submit(t *rapid.T) {
	tasks := make([]queue.Task, rapid.IntRange(1, 6).Draw(t, "tasks"))
	for i := range tasks {
		m.n++
		tasks[i] = queue.Task{
			ID: fmt.Sprintf("t%d", m.n), Queue: someQueues.Draw(t, "queue"), Type: someTypes.Draw(t, "type"),
			Priority:    queue.NewPriority(rapid.SampledFrom([]int{0, 5, 5, 9}).Draw(t, "priority")),
			Delay:       rapid.SampledFrom([]time.Duration{0, 0, 0, 0, time.Millisecond, time.Hour}).Draw(t, "delay"),
			Payload:     []byte(fmt.Sprintf("%q", strings.Repeat("x", rapid.SampledFrom([]int{3, 3, 2000}).Draw(t, "size")))),
			MaxAttempts: rapid.IntRange(1, 5).Draw(t, "max_attempts"),
		}
	}
	m.move.sent = byID(tasks)
	for i, s := range m.submitAll(t, tasks) {
		if s.Status != queue.Created {
			t.Fatalf("submit %s: status %v, wanted Created", s.ID, s.Status)
		}
		m.payloads[s.ID] = string(tasks[i].Payload)
	}
}

func byID(tasks []queue.Task) map[string]queue.Task {
	all := map[string]queue.Task{}
	for _, t := range tasks {
		all[t.ID] = t
	}
	return all
}

func (m *model) submitAll(t *rapid.T, tasks []queue.Task) []queue.Submitted {
	answers, err := m.client.Submit(m.ctx, tasks...)
	if err != nil {
		t.Fatal(err)
	}
	return answers
}

func (m *model) resubmit(t *rapid.T) {
	id, ok := m.anyTask(t)
	if !ok {
		return
	}
	answers := m.submitAll(t, []queue.Task{{ID: id, Payload: []byte(m.payloads[id])}, {ID: id, Payload: []byte(`"other"`)}})
	if answers[0].Status != queue.Existed || answers[1].Status != queue.Conflict {
		t.Fatalf("submit %s again: %v, then with another payload: %v", id, answers[0].Status, answers[1].Status)
	}
}

// anyTask draws a task; false where there is none, and then a move has nothing to do.
func (m *model) anyTask(t *rapid.T) (string, bool) {
	if len(m.payloads) == 0 {
		return "", false
	}
	m.move.id = rapid.SampledFrom(slices.Sorted(maps.Keys(m.payloads))).Draw(t, "task")
	return m.move.id, true
}

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

func (m *model) expect(t *rapid.T, err error, allowed ...error) {
	for _, a := range allowed {
		if errors.Is(err, a) {
			return
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}
