package workers

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
)

// add submits n tasks more, t000 and so on, in one call.
func (w *fetcher) add(c *queue.Client, n int) {
	w.t.Helper()
	tasks := make([]queue.Task, n)
	for i := range tasks {
		tasks[i].ID = fmt.Sprintf("t%03d", i)
	}
	if _, err := c.Submit(w.t.Context(), tasks...); err != nil {
		w.t.Fatal(err)
	}
}

func TestAWorkerThatLeftTakesWhatItWantsInItsOwnTurn(t *testing.T) {
	eachFetcher(t, 0, func(w *fetcher, c *queue.Client) {
		w.fetch(request{want: 1, absent: leaves})
		w.add(c, 1)
		if got := ids(w.fetch(request{want: 1, absent: leaves})); !slices.Equal(got, []string{"t000"}) {
			w.t.Errorf("started %v; want t000, though nothing is fetched ahead", got)
		}
	})
}

func TestASuspectOfPoisonFillsNoWorkerBeyondItsSlots(t *testing.T) {
	eachFetcher(t, 1, func(w *fetcher, c *queue.Client) {
		w.fetch(request{want: 1})
		w.die(c)
		w.add(c, 100)
		next := newFetcher(w.t, c, "next", 4)
		next.fetch(request{want: 2, ahead: 80})
		n, err := c.Redis().LLen(w.t.Context(), c.Keys().Processing(next.ID())).Result()
		if err != nil || n > 4 {
			w.t.Errorf("%d tasks stand on the list of a worker with 4 slots, %v", n, err)
		}
	})
}

func TestMoreThanATurnOfReportsGivesBackInOrder(t *testing.T) {
	eachFetcher(t, 0, func(w *fetcher, c *queue.Client) {
		w.add(c, 3+aheadMost)
		ended := append(w.fetch(request{want: 1}), w.fetch(request{ahead: 2})...)
		l := newLife(New(c, nil, Config{Log: slog.New(slog.DiscardHandler)}))
		report := func(task *queue.Task) {
			l.reports = append(l.reports, Report{TaskID: task.ID, Attempt: 1, Kind: Complete, Outcome: queue.OutcomeOK})
		}
		report(ended[0])
		for i, task := range w.fetch(request{ahead: aheadMost}) {
			if i == aheadTurn+9 { // one ended between two that were given back
				l.giveBackQueued()
				report(ended[1])
			}
			l.queued = append(l.queued, queued{task: task})
		}
		l.giveBackQueued()
		report(ended[2])
		for len(l.reports) > 0 {
			n := l.fitting()
			w.fetch(request{reports: l.reports[:n]})
			l.reports = l.reports[n:]
		}
		line, err := c.Redis().LRange(w.t.Context(), c.Keys().TaskQueue(queue.DefaultQueue, "5"), 0, -1).Result()
		if err != nil || len(line) != aheadMost || !slices.IsSorted(line) {
			w.t.Errorf("%d tasks came back, %v, sorted %v", len(line), err, slices.IsSorted(line))
		}
	})
}

func TestWhatComesToAFencedWorkerRunsInNoMoreThanItsSlots(t *testing.T) {
	var now, most atomic.Int64
	release := make(chan struct{})
	w := New(nil, Handlers{"echo": func(context.Context, *queue.Task) (any, error) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		<-release
		now.Add(-1)
		return nil, nil
	}}, Config{})
	w.cfg, _ = Config{Name: "w", Slots: 2, Log: slog.New(slog.DiscardHandler)}.withDefaults()
	l := newLife(w)
	l.fenced = true
	var leases []*queue.Task
	for i := range 50 {
		leases = append(leases, &queue.Task{ID: fmt.Sprint("t", i), Type: "echo", Attempt: 1, MaxAttempts: 1, Timeout: time.Hour})
	}
	l.startAll(leases)
	close(release)
	l.attempts.Wait()
	if most.Load() > 2 || len(l.reports) != 50 {
		t.Errorf("%d handlers at once on 2 slots, %d reports of 50", most.Load(), len(l.reports))
	}
}

func TestAVersionOfTwoLinesHidesNoWorker(t *testing.T) {
	eachFetcher(t, 0, func(w *fetcher, c *queue.Client) {
		if _, err := Register(w.t.Context(), c, Config{Name: "two", Version: "v1.2\nbuilt today\n"}, []string{"echo"}); err != nil {
			w.t.Fatal(err)
		}
		s, err := monitor.ReadSnapshot(w.t.Context(), c)
		if err != nil || len(s.Workers) != 2 || s.Workers[0].Version != "v1.2 built today" {
			w.t.Errorf("the snapshot has %d workers, %v", len(s.Workers), err)
		}
	})
}
