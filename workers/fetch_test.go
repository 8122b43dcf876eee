package workers

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
	"github.com/xuniquepatel/queue-pilot/monitor"
)

// fetcher is a worker with one slot that makes its turns by hand, on a cell with the tasks t0, t1 and so on.
type fetcher struct {
	*Session
	t *testing.T
}

func eachFetcher(t *testing.T, tasks int, test func(w *fetcher, c *queue.Client)) {
	t.Helper()
	redistest.Each(t, func(t *testing.T, url string) {
		c, err := queue.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		w := newFetcher(t, c, "w", 1)
		for i := range tasks {
			if _, err := c.Submit(t.Context(), queue.Task{ID: fmt.Sprint("t", i)}); err != nil {
				t.Fatal(err)
			}
		}
		test(w, c)
	})
}

func newFetcher(t *testing.T, c *queue.Client, name string, slots int) *fetcher {
	t.Helper()
	s, err := Register(t.Context(), c, Config{Name: name, Slots: slots}, []string{"echo"})
	if err != nil {
		t.Fatal(err)
	}
	return &fetcher{s, t}
}

func (w *fetcher) fetch(r request) []*queue.Task {
	w.t.Helper()
	_, leases, err := w.turn(w.t.Context(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	return leases
}

func ids(tasks []*queue.Task) []string {
	var out []string
	for _, t := range tasks {
		out = append(out, t.ID)
	}
	return out
}

func (w *fetcher) die(c *queue.Client) {
	w.t.Helper()
	if err := c.Redis().ZAdd(w.t.Context(), c.Keys().Workers(), redis.Z{Score: 1, Member: w.ID()}).Err(); err != nil {
		w.t.Fatal(err)
	}
	m := monitor.New(c, monitor.Config{WorkerTimeout: time.Hour, Log: slog.New(slog.DiscardHandler)})
	if err := m.Reclaim(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// expectLine checks the order of the default queue's line, and each task's attempts and losses.
func expectLine(t *testing.T, c *queue.Client, want ...string) {
	t.Helper()
	line, err := c.Redis().LRange(t.Context(), c.Keys().TaskQueue(queue.DefaultQueue, "5"), 0, -1).Result()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, id := range line {
		task, err := c.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %s attempt %d losses %d", id, task.State, task.Attempt, task.Losses))
	}
	if !slices.Equal(got, want) {
		t.Errorf("the line is\n\t%q\nwant\n\t%q", got, want)
	}
}

func TestWhatWasFetchedAheadSpendsNoAttemptWhereItsWorkerDies(t *testing.T) {
	eachFetcher(t, 4, func(w *fetcher, c *queue.Client) {
		leases := w.fetch(request{want: 1})
		leases = append(leases, w.fetch(request{ahead: 2})...)
		if got := ids(leases); !slices.Equal(got, []string{"t0", "t1", "t2"}) {
			w.t.Fatalf("fetched %v", got)
		}
		for i, lease := range leases {
			if lease.FetchedAhead() != (i > 0) || lease.Attempt != 1 || lease.State != queue.Running {
				w.t.Errorf("%s: %s, attempt %d, ahead %v", lease.ID, lease.State, lease.Attempt, lease.FetchedAhead())
			}
		}
		w.die(c)
		expectLine(w.t, c, "t0 pending attempt 1 losses 1", "t1 pending attempt 0 losses 1", "t2 pending attempt 0 losses 1",
			"t3 pending attempt 0 losses 0")
	})
}

func TestWhatHasBegunSpendsItsAttempt(t *testing.T) {
	eachFetcher(t, 3, func(w *fetcher, c *queue.Client) {
		w.fetch(request{want: 1})
		leases := w.fetch(request{ahead: 2})
		other := &queue.Task{ID: leases[1].ID, Attempt: 7} // another attempt's word is not heard
		w.fetch(request{begun: []*queue.Task{leases[0], other}})
		w.die(c)
		expectLine(w.t, c, "t0 pending attempt 1 losses 1", "t1 pending attempt 1 losses 1", "t2 pending attempt 0 losses 1")
	})
}

func TestNothingThatWasStartedBeforeIsFetchedAhead(t *testing.T) {
	eachFetcher(t, 3, func(w *fetcher, c *queue.Client) {
		w.fetch(request{want: 1})
		lease := w.fetch(request{ahead: 1})[0]
		back := Report{TaskID: lease.ID, Attempt: lease.Attempt, Kind: Release}
		if leases := w.fetch(request{reports: []Report{back}, ahead: 5}); len(leases) != 0 {
			w.t.Errorf("fetched ahead of the one that came back: %v", ids(leases))
		}
		expectLine(w.t, c, "t1 pending attempt 0 losses 0", "t2 pending attempt 0 losses 0")
		if attempts, err := c.Attempts(w.t.Context(), "t1"); err != nil || len(attempts) > 0 {
			w.t.Errorf("what never began has attempts: %+v, %v", attempts, err)
		}
	})
}

func TestFetchingAheadTakesNothingFromAWorkerWithFreeSlots(t *testing.T) {
	eachFetcher(t, 4, func(w *fetcher, c *queue.Client) {
		w.fetch(request{want: 1})
		other := newFetcher(w.t, c, "other", 2)
		if got := ids(w.fetch(request{ahead: 3})); !slices.Equal(got, []string{"t3"}) {
			w.t.Errorf("fetched ahead: %v; want t3, for the other one has two slots free", got)
		}
		if got := ids(other.fetch(request{want: 2})); !slices.Equal(got, []string{"t1", "t2"}) {
			w.t.Errorf("the other one started %v; want t1 and t2", got)
		}
	})
}

func TestADrainingWorkerFetchesNothingAhead(t *testing.T) {
	eachFetcher(t, 2, func(w *fetcher, c *queue.Client) {
		w.fetch(request{want: 1})
		if err := Drain(w.t.Context(), c, w.ID()); err != nil {
			w.t.Fatal(err)
		}
		if leases := w.fetch(request{ahead: 3}); len(leases) != 0 {
			w.t.Errorf("fetched %v", ids(leases))
		}
	})
}

func TestACancelOfWhatWaitsForASlotIsReportedAndTheRestIsGivenBackInOrder(t *testing.T) {
	release := make(chan struct{})
	w := New(nil, Handlers{"echo": func(context.Context, *queue.Task) (any, error) { <-release; return nil, nil }}, Config{})
	w.cfg, _ = Config{Name: "w", Slots: 1, Log: slog.New(slog.DiscardHandler)}.withDefaults()
	l := newLife(w)
	for i := range 4 {
		l.startAll([]*queue.Task{{ID: fmt.Sprint("t", i), Type: "echo", Attempt: 1, MaxAttempts: 1, Timeout: time.Hour}})
	}
	l.cancelTasks([]string{"t2"})
	l.mu.Lock()
	l.giveBackQueued()
	var said []string
	for _, r := range l.reports {
		said = append(said, fmt.Sprint(r.TaskID, " ", r.Kind, " ", r.Outcome))
	}
	l.mu.Unlock()
	if want := []string{"t2 cancel canceled", "t1 release ", "t3 release "}; !slices.Equal(said, want) {
		t.Errorf("reported %q; want %q", said, want)
	}
	close(release)
	l.attempts.Wait()
}

func TestQuickHandlersFetchAheadAndSlowOnesDoNot(t *testing.T) {
	var p pace
	for range paceTasks {
		if p.ahead(8) != 0 {
			t.Errorf("fetches ahead after %d measured tasks", p.tasks)
		}
		p.took(time.Millisecond)
	}
	if got := p.ahead(8); got != 160 {
		t.Errorf("8 slots of 1 ms fetch %d ahead; want 160, the work of 20 ms", got)
	}
	p.slow()
	if got := p.ahead(8); got != 0 {
		t.Errorf("fetches %d ahead although what was fetched did not begin", got)
	}
	for range 10 * paceTasks {
		p.took(time.Microsecond)
	}
	if got := p.ahead(8); got != aheadMost {
		t.Errorf("fetches %d ahead; want no more than %d", got, aheadMost)
	}
}

func TestWithoutMemoryAWorkerSaysWhatBeganAndComesBack(t *testing.T) {
	server := redistest.New(t)
	c, err := queue.Open(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	w := newFetcher(t, c, "w", 1)
	if _, err := c.Submit(t.Context(), queue.Task{ID: "t0"}, queue.Task{ID: "t1"}); err != nil {
		t.Fatal(err)
	}
	w.fetch(request{want: 1})
	begun := w.fetch(request{ahead: 1, absent: leaves})
	if err := c.Redis().ConfigSet(t.Context(), "maxmemory", "1mb").Err(); err != nil {
		t.Fatal(err)
	}
	w.fetch(request{begun: begun})
	w.fetch(request{absent: comesBack})
	if task, err := c.Get(t.Context(), "t1"); err != nil || task.FetchedAhead() {
		t.Errorf("t1: begun is not noted: %+v, %v", task, err)
	}
}

func TestAWorkerThatLeftIsAssignedNothingUntilItComesBack(t *testing.T) {
	eachFetcher(t, 0, func(w *fetcher, c *queue.Client) {
		submit := func(id string) queue.State {
			if _, err := c.Submit(w.t.Context(), queue.Task{ID: id}); err != nil {
				w.t.Fatal(err)
			}
			task, err := c.Get(w.t.Context(), id)
			if err != nil {
				w.t.Fatal(err)
			}
			return task.State
		}
		w.fetch(request{absent: leaves, want: 1})
		if state := submit("t0"); state != queue.Pending {
			w.t.Errorf("t0 is %s although the worker left", state)
		}
		w.fetch(request{absent: comesBack})
		if state := submit("t1"); state != queue.Pending {
			w.t.Errorf("t1 is %s: only one slot is free, and t0 came first", state)
		}
		if task, err := c.Get(w.t.Context(), "t0"); err != nil || task.State != queue.Assigned {
			w.t.Errorf("t0 is %s, %v; want assigned, now that the worker is back", task.State, err)
		}
	})
}

func TestNothingIsFetchedAheadBesideASuspectOfPoison(t *testing.T) {
	eachFetcher(t, 4, func(w *fetcher, c *queue.Client) {
		w.fetch(request{want: 1})
		w.die(c)
		next := newFetcher(w.t, c, "next", 1)
		leases := next.fetch(request{want: 1, ahead: 3})
		if got := ids(leases); !slices.Equal(got, []string{"t0"}) || leases[0].Losses != 1 {
			w.t.Errorf("started %v; want t0 alone, which has lost a worker", got)
		}
		back := Report{TaskID: "t0", Attempt: leases[0].Attempt, Kind: Release, Outcome: queue.OutcomeReleased}
		next.fetch(request{reports: []Report{back}})
		if err := next.submitOne(c); err != nil {
			w.t.Fatal(err)
		}
		leases = next.fetch(request{want: 1, ahead: 3}) // assigned by then, and started from its list
		if got := ids(leases); !slices.Equal(got, []string{"t0"}) {
			w.t.Errorf("started %v; want t0 alone", got)
		}
	})
}

// submitOne has the next task assigned to the worker, by a submit.
func (w *fetcher) submitOne(c *queue.Client) error {
	_, err := c.Submit(w.t.Context(), queue.Task{})
	return err
}
