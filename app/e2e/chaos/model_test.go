package chaos

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

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
// on both stores; -rapid.checks says with how many seeds.
func TestAfterAnyMovesEachTaskStandsInOnePlaceAndCountsAddUp(t *testing.T) {
	redistest.Each(t, func(t *testing.T, url string) {
		c, err := queue.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		setSeeds(t)
		rapid.Check(t, func(rt *rapid.T) {
			m := newModel(t.Context(), rt, c)
			m.noted("register", m.register)(rt)
			m.noted("submit", m.submit)(rt)
			rt.Repeat(m.moves())
		})
	})
}

// setSeeds sets with how many seeds a store is tried, where no flag says so. The one in memory compiles each script anew.
func setSeeds(t *testing.T) {
	n, checks := size(100, 1000), flag.Lookup("rapid.checks")
	if checks.Value.String() != checks.DefValue {
		return
	}
	if strings.HasSuffix(t.Name(), "memory") {
		n /= 2
	}
	if err := checks.Value.Set(strconv.Itoa(n)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = checks.Value.Set(checks.DefValue) })
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
		{"turn", 8, m.turn},
		{"schedule", 3, m.schedule},
		{"submit", 3, m.submit},
		{"lose worker", 2, m.lose},
		{"register", 4, m.register},
		{"level", 2, m.level},
		{"leave", 2, m.leave},
		{"redrive", 3, m.redrive},
		{"cancel", 2, m.cancel},
		{"purge", 1, m.purge},
		{"run now", 1, m.runNow},
		{"delete", 1, m.delete},
		{"drain", 1, m.drain},
		{"heartbeat", 1, m.heartbeat},
		{"pause", 1, m.pause},
		{"audit", 1, m.audit},
		{"late report", 1, m.lateReport},
		{"submit again", 1, m.resubmit},
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
