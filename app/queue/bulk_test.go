package queue_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// choose makes a selection and expects it to have n tasks.
func choose(t *testing.T, c *queue.Client, a queue.Action, f queue.Filter, n int) queue.Selection {
	t.Helper()
	s, err := c.Select(t.Context(), a, f)
	if err != nil || s.Count != n {
		t.Fatalf("%s under %+v selects %d, %v; want %d", a, f, s.Count, err, n)
	}
	return s
}

// act acts on a selection and expects what was done.
func act(t *testing.T, c *queue.Client, s queue.Selection, want queue.Acted) {
	t.Helper()
	got, err := c.Act(t.Context(), s.ID, s.Action, s.Count)
	if err != nil || got != want {
		t.Errorf("%s of %d: %+v, %v; want %+v", s.Action, s.Count, got, err, want)
	}
}

// inEachState makes a task of each state but completed, failed and running, which only workers make; named as its state.
func inEachState(t *testing.T, c *queue.Client) {
	t.Helper()
	seat(t, c, "w1", 1, "echo")
	submit(t, c, queue.Task{ID: "assigned"})
	submit(t, c, queue.Task{ID: "pending"}, queue.Task{ID: "scheduled", Delay: time.Hour},
		queue.Task{ID: "canceled", Delay: time.Hour}, queue.Task{ID: "other", Queue: "other"})
	if _, err := c.Cancel(t.Context(), "canceled"); err != nil {
		t.Fatal(err)
	}
	for state, code := range map[queue.State]string{queue.Failed: "f", queue.Completed: "c", queue.Retry: "y"} {
		put(t, c, string(state), code)
	}
}

// put makes a task in a state that only workers make, as their scripts leave it.
func put(t *testing.T, c *queue.Client, id, code string) {
	t.Helper()
	submit(t, c, queue.Task{ID: id, Delay: time.Hour})
	ctx, rdb, state := t.Context(), c.Redis(), map[string]queue.State{"f": queue.Failed, "c": queue.Completed, "y": queue.Retry}[code]
	score, err := rdb.ZScore(ctx, c.Keys().Index(queue.Scheduled), id).Result()
	if err != nil {
		t.Fatal(err)
	}
	due := int64(score)
	for _, err := range []error{
		rdb.ZRem(ctx, c.Keys().Index(queue.Scheduled), id).Err(),
		rdb.Do(ctx, "ZADD", c.Keys().Index(state), due, id).Err(),
		rdb.HSet(ctx, c.Keys().States(), id, fmt.Sprintf("%s|1|0|w0|%d|1|1|%d|0||an error", code, due, due)).Err(),
		rdb.HIncrBy(ctx, c.Keys().Counts(), "default|s", -1).Err(),
		rdb.HIncrBy(ctx, c.Keys().Counts(), "default|"+code, 1).Err(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func states(t *testing.T, c *queue.Client, ids ...string) (states []queue.State) {
	t.Helper()
	for _, id := range ids {
		task, err := c.Get(t.Context(), id)
		switch {
		case errors.Is(err, queue.ErrNotFound):
			states = append(states, "")
		case err != nil:
			t.Fatal(err)
		default:
			states = append(states, task.State)
		}
	}
	return states
}

// inNoOrder sorts the ids of each line: what ends within a millisecond has no order.
func inNoOrder(lines []string) []string {
	for i, line := range lines {
		words := strings.Fields(line)
		slices.Sort(words[1:])
		lines[i] = strings.Join(words, " ")
	}
	return lines
}

var everyID = []string{"scheduled", "pending", "assigned", "retry", "completed", "failed", "canceled", "other"}

func TestAFilterWithoutAStateMeansTheStatesThatTheActionIsFor(t *testing.T) {
	const s, p, a, y, c, f, x = queue.Scheduled, queue.Pending, queue.Assigned, queue.Retry, queue.Completed, queue.Failed, queue.Canceled
	for action, tc := range map[queue.Action]struct {
		n    int
		want []queue.State
	}{
		queue.ActionRetry:  {2, []queue.State{s, p, a, y, c, p, p, p}},
		queue.ActionCancel: {4, []queue.State{x, x, x, x, c, f, x, p}},
		queue.ActionDelete: {6, []queue.State{"", "", a, "", "", "", "", p}},
	} {
		t.Run(string(action), func(t *testing.T) {
			each(t, func(t *testing.T, client *queue.Client) {
				inEachState(t, client)
				selected := choose(t, client, action, queue.Filter{Queue: "default"}, tc.n)
				if got := states(t, client, everyID...); !slices.Equal(got, []queue.State{s, p, a, y, c, f, x, p}) {
					t.Errorf("selecting left %v", got)
				}
				act(t, client, selected, queue.Acted{Done: tc.n})
				got := states(t, client, everyID...)
				if action == queue.ActionCancel && got[7] == queue.Assigned { // the slot that became free
					got[7] = queue.Pending
				}
				if !slices.Equal(got, tc.want) {
					t.Errorf("%s left\n%v of\n%v; want\n%v", action, got, everyID, tc.want)
				}
			})
		})
	}
}

func TestABulkMoveLeavesTheCellAsTheSingleMovesDo(t *testing.T) {
	for action, single := range map[queue.Action]func(*testing.T, *queue.Client, string) error{
		queue.ActionRetry:  func(t *testing.T, c *queue.Client, id string) error { return second(c.Redrive(t.Context(), id)) },
		queue.ActionCancel: func(t *testing.T, c *queue.Client, id string) error { return second(c.Cancel(t.Context(), id)) },
		queue.ActionDelete: func(t *testing.T, c *queue.Client, id string) error { return c.Delete(t.Context(), id) },
	} {
		t.Run(string(action), func(t *testing.T) {
			each(t, func(t *testing.T, c *queue.Client) {
				inEachState(t, c)
				s, err := c.SelectIDs(t.Context(), action, everyID...)
				if err != nil {
					t.Fatal(err)
				}
				moved, err := c.Act(t.Context(), s.ID, action, len(everyID))
				if err != nil {
					t.Fatal(err)
				}
				got := inNoOrder(cell(t, c))
				if err := c.Redis().FlushAll(t.Context()).Err(); err != nil {
					t.Fatal(err)
				}
				inEachState(t, c)
				done := 0
				for _, id := range everyID {
					if err := single(t, c, id); err == nil {
						done++
					} else if !errors.Is(err, queue.ErrState) {
						t.Fatal(err)
					}
				}
				if want := inNoOrder(cell(t, c)); !slices.Equal(got, want) {
					t.Errorf("the cell holds\n%q\nwant\n%q", got, want)
				}
				if want := (queue.Acted{Done: done, Skipped: len(everyID) - done}); moved != want {
					t.Errorf("%s says %+v; want %+v", action, moved, want)
				}
			})
		})
	}
}

func TestAnActionTouchesTheCountedSetOnlyWhileTasksFail(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		for i := range 6 {
			put(t, c, fmt.Sprint("f", i), "f")
		}
		s := choose(t, c, queue.ActionRetry, queue.Filter{State: queue.Failed}, 6)
		put(t, c, "late", "f")
		if _, err := c.Redrive(t.Context(), "f0"); err != nil {
			t.Fatal(err)
		}
		if err := c.Delete(t.Context(), "f1"); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Redrive(t.Context(), "f2"); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Cancel(t.Context(), "f2"); err != nil { // retry exists from here, and it is not what was selected
			t.Fatal(err)
		}
		act(t, c, s, queue.Acted{Done: 3, Skipped: 2, Gone: 1})
		got := states(t, c, "late", "f0", "f1", "f2", "f3", "f4", "f5")
		if want := []queue.State{"failed", "pending", "", "canceled", "pending", "pending", "pending"}; !slices.Equal(got, want) {
			t.Errorf("the tasks are %v; want %v", got, want)
		}
		before := cell(t, c)
		if _, err := c.Cancel(t.Context(), "f3"); err != nil {
			t.Fatal(err)
		}
		act(t, c, s, queue.Acted{Done: 3, Skipped: 2, Gone: 1}) // used up: the answer is the same, and nothing is done
		if got := states(t, c, "f3"); got[0] != queue.Canceled {
			t.Errorf("a second Act made f3 %s; the cell was %v", got[0], before)
		}
	})
}

func TestASelectionIsActedOnWithItsCountAndItsActionOnly(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, make([]queue.Task, 3)...)
		before := cell(t, c)
		s := choose(t, c, queue.ActionCancel, queue.Filter{State: queue.Pending}, 3)
		var wrong *queue.CountError
		if _, err := c.Act(t.Context(), s.ID, queue.ActionCancel, 2); !errors.As(err, &wrong) || wrong.Count != 3 || wrong.Given != 2 {
			t.Errorf("with a wrong count: %v", err)
		}
		var invalid *queue.InvalidError
		if _, err := c.Act(t.Context(), s.ID, queue.ActionDelete, 3); !errors.As(err, &invalid) || invalid.Field != "action" {
			t.Errorf("with another action: %v", err)
		}
		for _, id := range []string{"unknown", "", "a b", "*"} {
			if _, err := c.Act(t.Context(), id, queue.ActionCancel, 3); !queue.IsNoSelection(err) || !errors.Is(err, queue.ErrNotFound) {
				t.Errorf("selection %q: %v", id, err)
			}
		}
		expectCell(t, c, before...)
	})
}

func TestASelectionLivesFor15Minutes(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "a"}, queue.Task{ID: "b"})
		for _, lost := range []func(queue.Keys, string) string{queue.Keys.Selection, queue.Keys.Selected} {
			s := choose(t, c, queue.ActionDelete, queue.Filter{State: queue.Pending}, 2)
			for _, key := range []string{c.Keys().Selection(s.ID), c.Keys().Selected(s.ID)} {
				if ttl := c.Redis().PTTL(t.Context(), key).Val(); ttl > queue.SelectionKept || ttl < queue.SelectionKept-time.Minute {
					t.Errorf("%s lives for %s", key, ttl)
				}
			}
			if err := c.Redis().Del(t.Context(), lost(c.Keys(), s.ID)).Err(); err != nil {
				t.Fatal(err)
			}
			if got, err := c.Act(t.Context(), s.ID, queue.ActionDelete, 2); !queue.IsNoSelection(err) {
				t.Errorf("after its time: %+v, %v", got, err)
			}
		}
		expectCell(t, c, "task_queue:default: a b", "default|S=2", "default|p=2")
	})
}

func TestASelectionSaysWhatItIs(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		var want []string
		for i := range 7 {
			id := fmt.Sprint("mail-", i)
			submit(t, c, queue.Task{ID: id, Queue: "mail", Type: "send"}, queue.Task{Queue: "mail", Type: "read"})
			want = append(want, id)
		}
		f := queue.Filter{State: queue.Pending, Queue: "mail", Type: "send", Q: "mail"}
		made := choose(t, c, queue.ActionCancel, f, 7)
		read, err := c.Selection(t.Context(), made.ID)
		if err != nil || read.Filter != f || read.Action != queue.ActionCancel || read.Count != 7 || read.More || !read.At.Equal(made.At) ||
			time.Since(read.At).Abs() > time.Minute || !slices.Equal(read.Sample, want[:5]) || read.Acted != (queue.Acted{Left: 7}) {
			t.Errorf("made %+v\nread %+v, %v", made, read, err)
		}
	})
}

func TestSelectNamesTheWrongField(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		for _, tc := range []struct {
			field  string
			action queue.Action
			f      queue.Filter
		}{
			{"action", "", queue.Filter{}},
			{"action", "run", queue.Filter{}},
			{"state", "retry", queue.Filter{State: "odd"}},
			{"state", "retry", queue.Filter{State: queue.Completed}},
			{"state", "cancel", queue.Filter{State: queue.Failed}},
			{"state", "delete", queue.Filter{State: queue.Running}},
			{"queue", "delete", queue.Filter{Queue: "a b"}},
			{"q", "delete", queue.Filter{Q: "a b"}},
		} {
			_, err := c.Select(t.Context(), tc.action, tc.f)
			var wrong *queue.InvalidError
			if !errors.As(err, &wrong) || wrong.Field != tc.field {
				t.Errorf("%s under %+v: %v; want an *InvalidError of %s", tc.action, tc.f, err, tc.field)
			}
		}
	})
}
