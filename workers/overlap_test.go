package workers

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

// askByHand makes a turn by hand, and leaves what it brought unread.
func (w *fetcher) askByHand(l *life, unread queue.Leases) queue.Leases {
	w.t.Helper()
	r, ok := l.plan(unread.Len())
	if !ok {
		w.t.Fatal("no turn is planned before what was brought is begun")
	}
	got, err := w.ask(w.t.Context(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	l.recorded(r, got.verdicts)
	return got.leases
}

// quick makes the handlers of a life seem to take no time.
func (l *life) quick() {
	for range 20 * paceTasks {
		l.pace.took(time.Microsecond)
	}
}

func TestTwoTurnsAtOnceFetchNoMoreThanGoesBackInOnePieceAndInItsOrder(t *testing.T) {
	const behind = 700
	eachFetcher(t, 2, func(w *fetcher, c *queue.Client) {
		l := byHand(w, c, behind)
		l.quick()
		first := w.askByHand(l, queue.Leases{})
		second := w.askByHand(l, first)
		if first.Len() != aheadTurn || second.Len() == 0 || first.Len()+second.Len()+len(l.queued) > aheadMost {
			w.t.Fatalf("two turns brought %d and %d beside %d that wait; want %d at first, and %d in all", first.Len(), second.Len(),
				len(l.queued), aheadTurn, aheadMost)
		}
		if err := l.startLeases(first, false); err != nil {
			w.t.Fatal(err)
		}
		l.outOfPatience()
		if _, ok := l.plan(second.Len()); ok {
			w.t.Error("what goes back would overtake what is still to be begun")
		}
		if err := l.startLeases(second, false); err != nil {
			w.t.Fatal(err)
		}
		w.turnByHand(l)
		line, err := c.Redis().LRange(w.t.Context(), c.Keys().TaskQueue(queue.DefaultQueue, "5"), 0, -1).Result()
		want := []string{"t1"}
		for i := range behind {
			want = append(want, fmt.Sprintf("t%03d", i))
		}
		if err != nil || !slices.Equal(line, want) {
			w.t.Errorf("the line is %v, %v", line, err)
		}
	})
}

func TestWhatGoesBackGoesFirstAndInOnePiece(t *testing.T) {
	const back = turnBatch + 44
	l := newLife(New(nil, nil, Config{Log: slog.New(slog.DiscardHandler)}))
	l.impatient = true
	result := strings.Repeat("x", turnBytes/8)
	for i := range back {
		l.queued = append(l.queued, queued{task: &queue.Task{ID: fmt.Sprintf("back%03d", i)}})
	}
	for range 9 {
		l.reports = append(l.reports, Report{TaskID: "ended", Kind: Complete, Result: result})
	}
	l.outOfPatience()
	l.reports = append(l.reports, Report{TaskID: "ended", Kind: Complete, Result: result})
	l.unsure = true
	if r := l.planned(); len(r.reports) != 8 || anyUnbegun(r.reports) || !r.adopt {
		t.Errorf("while a reply is missing %d reports go, and what goes back among them: %v", len(r.reports), anyUnbegun(r.reports))
	}
	l.unsure = false
	r := l.planned()
	for i, report := range r.reports {
		if report.TaskID != fmt.Sprintf("back%03d", i) {
			t.Fatalf("report %d is of %s", i, report.TaskID)
		}
	}
	if len(r.reports) != back || len(l.reports) != back+10 {
		t.Errorf("%d reports of %d; want the %d that go back", len(r.reports), len(l.reports), back)
	}
}

func TestNothingIsLeftUnreadBesideASuspectOfPoison(t *testing.T) {
	for state, fresh := range map[string]bool{"r|1|0|w|0|1|1|0|3||": true, "r|2|0|w|0|1|1|0|0||": false, "r|1|1|w|0|1|1|0|0||": false} {
		leases, err := queue.ReadLeases([]any{"a", "", "b", "", "c", ""}, []any{int64(1), "r|1|0|w|0|1|1|0|3||", "", int64(3), state, ""})
		if err != nil || leases.Fresh() != fresh || leases.Len() != 3 {
			t.Errorf("%d leases, the last with the state %s, are fresh: %v; %v", leases.Len(), state, leases.Fresh(), err)
		}
	}
}

func TestOneSlotRunsABacklogOnceAndInItsOrder(t *testing.T) {
	const n = 3000
	redistest.Each(t, func(t *testing.T, url string) {
		c, err := queue.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		tasks, ids := make([]queue.Task, n), make([]string, n)
		for i := range tasks {
			ids[i] = fmt.Sprintf("t%04d", i)
			tasks[i].ID = ids[i]
		}
		if _, err := c.Submit(t.Context(), tasks...); err != nil {
			t.Fatal(err)
		}
		var ran []string
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		w := New(c, Handlers{"echo": func(_ context.Context, task *queue.Task) (any, error) {
			if ran = append(ran, task.ID); len(ran) == n {
				stop()
			}
			return nil, nil
		}}, Config{Name: "w", Slots: 1, Log: slog.New(slog.DiscardHandler)})
		if err := w.Run(ctx); err != nil || !slices.Equal(ran, ids) {
			t.Errorf("%d of %d ran, in their order: %v; %v", len(ran), n, slices.Equal(ran, ids), err)
		}
		got, err := c.GetMany(t.Context(), ids)
		if err != nil {
			t.Fatal(err)
		}
		for i, task := range got {
			if task == nil || task.State != queue.Completed || task.Attempt != 1 {
				t.Fatalf("%s: %+v", ids[i], task)
			}
		}
	})
}
