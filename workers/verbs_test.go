package workers_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// inState brings task "a" into the state; the worker that holds it, where one does, is returned.
var inState = map[queue.State]func(t *testing.T, c *queue.Client) *workers.Session{
	queue.Scheduled: func(t *testing.T, c *queue.Client) *workers.Session {
		submit(t, c, queue.Task{ID: "a", Delay: time.Hour})
		return nil
	},
	queue.Pending: func(t *testing.T, c *queue.Client) *workers.Session { submit(t, c, queue.Task{ID: "a"}); return nil },
	queue.Assigned: func(t *testing.T, c *queue.Client) *workers.Session {
		w := register(t, c, "w", 1, "echo")
		submit(t, c, queue.Task{ID: "a"})
		return w
	},
	queue.Running:   after(""),
	queue.Retry:     after(workers.Retry),
	queue.Completed: after(workers.Complete),
	queue.Failed:    after(workers.Fail),
	queue.Canceled:  after(workers.Cancel),
}

// after starts task "a" and ends its attempt, then takes the worker away.
func after(kind workers.Kind) func(t *testing.T, c *queue.Client) *workers.Session {
	return func(t *testing.T, c *queue.Client) *workers.Session {
		w := register(t, c, "w", 1, "echo")
		submit(t, c, queue.Task{ID: "a"})
		lease := start(t, w, 1)[0]
		if kind == "" {
			return w
		}
		r := ended(lease, kind)
		r.Delay = time.Hour
		report(t, w, r)
		_, err := w.Leave(t.Context())
		must(t, err)
		return nil
	}
}

func TestEachVerbFromEachState(t *testing.T) {
	verbs := map[string]func(ctx context.Context, c *queue.Client) error{
		"cancel":  func(ctx context.Context, c *queue.Client) error { _, err := c.Cancel(ctx, "a"); return err },
		"redrive": func(ctx context.Context, c *queue.Client) error { _, err := c.Redrive(ctx, "a"); return err },
		"run":     func(ctx context.Context, c *queue.Client) error { _, err := c.RunNow(ctx, "a"); return err },
		"delete":  func(ctx context.Context, c *queue.Client) error { return c.Delete(ctx, "a") },
	}
	const same, no = "same", "ErrState"
	want := map[string]map[queue.State]string{ // the state after the verb; no: refused; gone: deleted
		"cancel": {
			"scheduled": "canceled", "pending": "canceled", "assigned": "canceled", "running": same, "retry": "canceled",
			"completed": no, "failed": no, "canceled": no,
		},
		"redrive": {
			"scheduled": no, "pending": no, "assigned": no, "running": no, "retry": "pending", "completed": no,
			"failed": "pending", "canceled": "pending",
		},
		"run": {
			"scheduled": "pending", "pending": same, "assigned": no, "running": no, "retry": "pending", "completed": no,
			"failed": no, "canceled": no,
		},
		"delete": {
			"scheduled": "gone", "pending": "gone", "assigned": no, "running": no, "retry": "gone", "completed": "gone",
			"failed": "gone", "canceled": "gone",
		},
	}
	each(t, func(t *testing.T, c *queue.Client) {
		for verb, do := range verbs {
			for _, state := range queue.States {
				must(t, c.Redis().FlushAll(t.Context()).Err())
				w := inState[state](t, c)
				if got := get(t, c, "a").State; got != state {
					t.Fatalf("the test made it %s, not %s", got, state)
				}
				before := cell(t, c)
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				err := do(ctx, c)
				cancel()
				expectVerb(t, c, verb+" from "+string(state), state, want[verb][state], err, before)
				if w != nil && verb == "cancel" && state == queue.Assigned {
					expectFree(t, c, w)
				}
			}
		}
	})
}

func expectVerb(t *testing.T, c *queue.Client, what string, from queue.State, want string, err error, before []string) {
	t.Helper()
	if want == "ErrState" || want == "same" {
		if errors.Is(err, queue.ErrState) != (want == "ErrState") {
			t.Errorf("%s: %v; want %s", what, err, want)
		}
		if after := cell(t, c); !slices.Equal(before, after) {
			t.Errorf("%s changed\n%q to\n%q", what, before, after)
		}
		return
	}
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
	code := map[queue.State]string{"scheduled": "s", "pending": "p", "assigned": "a", "retry": "y", "completed": "c", "failed": "f", "canceled": "x"}
	expect := slices.DeleteFunc(slices.Clone(before), func(line string) bool { // the place and its counter go
		return line == "default|"+code[from]+"=1" || line[0] == 't' || line[0] == 'p'
	})
	switch want {
	case "gone":
		expect = append(expect, "default|D=1")
		if _, err := c.Get(t.Context(), "a"); !errors.Is(err, queue.ErrNotFound) {
			t.Errorf("%s: Get gives %v", what, err)
		}
		for _, hash := range []string{"tasks", "state", "payloads", "results", "attempts", "progress"} {
			if c.Redis().HExists(t.Context(), c.Keys().Prefix()+hash, "a").Val() {
				t.Errorf("%s: it is left in %s", what, hash)
			}
		}
	case "pending":
		expect = append(expect, "default|p=1", "task_queue:default: a")
	case "canceled":
		expect = append(expect, "default|x=1", "default|X=1", "tasks_canceled: a")
	}
	slices.Sort(expect)
	if after := cell(t, c); !slices.Equal(expect, after) {
		t.Errorf("%s leaves\n%q; want\n%q", what, after, expect)
	}
}

// expectFree: a canceled assignment leaves its slot to the next task.
func expectFree(t *testing.T, c *queue.Client, w *workers.Session) {
	t.Helper()
	submit(t, c, queue.Task{ID: "next"})
	if leases := start(t, w, 1); len(leases) != 1 || leases[0].ID != "next" {
		t.Errorf("after the cancel the worker starts %v; want next", leases)
	}
}

func TestNoVerbFindsATaskThatIsNotThere(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		_, cancelErr := c.Cancel(t.Context(), "none")
		_, redriveErr := c.Redrive(t.Context(), "none")
		_, runErr := c.RunNow(t.Context(), "none")
		_, attemptsErr := c.Attempts(t.Context(), "none")
		for _, err := range []error{cancelErr, redriveErr, runErr, attemptsErr, c.Delete(t.Context(), "none")} {
			if !errors.Is(err, queue.ErrNotFound) {
				t.Errorf("got %v; want ErrNotFound", err)
			}
		}
		if keys := c.Redis().Keys(t.Context(), "*").Val(); len(keys) > 0 {
			t.Errorf("something was written: %v", keys)
		}
	})
}

func TestTheHistoryOfATask(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 1, "echo")
		submit(t, c, queue.Task{ID: "a", MaxAttempts: 2})
		step := func(kind workers.Kind, want string) {
			t.Helper()
			leases := start(t, w, 1)
			if len(leases) != 1 {
				t.Fatalf("%d tasks start", len(leases))
			}
			report(t, w, ended(leases[0], kind))
			if got := outcomes(t, c, "a"); got != want {
				t.Errorf("after %s: %s; want %s", kind, got, want)
			}
		}
		step(workers.Release, "1 released") // keeps its number
		step(workers.Retry, "1 released, 1 error")
		_, err := c.RunNow(t.Context(), "a")
		must(t, err)
		step(workers.Fail, "1 released, 1 error, 2 error")
		_, err = c.Redrive(t.Context(), "a") // starts again at 1, the old ones kept
		must(t, err)
		if got := get(t, c, "a"); got.Attempt != 0 || got.Error != "" || got.Reason != "" || !got.FinishedAt.IsZero() {
			t.Errorf("after the redrive: %+v", got)
		}
		start(t, w, 1)
		if got := outcomes(t, c, "a"); got != "1 released, 1 error, 2 error, 1" {
			t.Errorf("while it runs: %s", got)
		}
		report(t, w, workers.Report{TaskID: "a", Attempt: 1, Kind: workers.Complete, Outcome: queue.OutcomeOK})
		if got := outcomes(t, c, "a"); got != "1 released, 1 error, 2 error, 1 ok" {
			t.Errorf("at the end: %s", got)
		}
		attempts, err := c.Attempts(t.Context(), "a")
		must(t, err)
		for i, a := range attempts {
			if a.WorkerID != w.ID() || a.StartedAt.IsZero() || a.FinishedAt.Before(a.StartedAt) {
				t.Errorf("attempt %d: %+v", i, a)
			}
		}
	})
}

func TestAnAttemptThatBeganWithinTheMillisecondOfAReleasedOneIsListed(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 1, "echo")
		submit(t, c, queue.Task{ID: "a"})
		report(t, w, ended(start(t, w, 1)[0], workers.Complete))
		began := get(t, c, "a").StartedAt.UnixMilli()
		released := fmt.Sprintf(`1|released|%s|%d|%d|""`, w.ID(), began, began)
		must(t, c.Redis().HSet(t.Context(), c.Keys().Prefix()+"attempts", "a", released).Err())
		if got := outcomes(t, c, "a"); got != "1 released, 1 ok" {
			t.Errorf("the attempts are %s; want 1 released, 1 ok", got)
		}
	})
}

func TestALongHistoryLosesItsOldestAttempts(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 1, "echo")
		submit(t, c, queue.Task{ID: "a", MaxAttempts: 100})
		for range 20 {
			r := ended(start(t, w, 1)[0], workers.Retry)
			r.Error = string(make([]byte, 4096)) // six times as long in JSON
			report(t, w, r)
			_, err := c.RunNow(t.Context(), "a")
			must(t, err)
		}
		attempts, err := c.Attempts(t.Context(), "a")
		must(t, err)
		if n := len(attempts); n < 1 || n > 2 || attempts[n-1].Attempt != 20 || len(attempts[n-1].Error) != 4096 {
			t.Errorf("%d attempts are kept, the last %d", n, attempts[n-1].Attempt)
		}
	})
}
