package scheduler_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/queue/queuetest"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// Assign takes up to 64 ids off a lane before it reads their records: an error between the two would lose them all.
func TestAnUnreadableStateRecordLosesNoOtherTask(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, some(20, "t", queue.Task{})...)
		must(t, c.Redis().HSet(t.Context(), c.Keys().States(), "t1", "p|garbage").Err())
		register(t, c, "w", 10, nil, "echo")
		s := newScheduler(c)
		first, second := s.Schedule(t.Context()), s.Schedule(t.Context())
		n := len(list(t, c, c.Keys().TaskQueue("default", "5")))
		ids, _ := c.Redis().Keys(t.Context(), c.Keys().Prefix()+"processing:*").Result()
		for _, key := range ids {
			n += len(list(t, c, key))
		}
		if first != nil || second != nil || n < 19 {
			t.Errorf("Schedule: %v, then %v; %d of 20 tasks stand somewhere", first, second, n)
		}
	})
}

func TestAnUnreadableRecordIsPutAsideAndCountedThoughNothingElseMoves(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "waits"}, queue.Task{ID: "sleeps", Delay: time.Millisecond})
		for _, id := range []string{"waits", "sleeps"} {
			must(t, c.Redis().HSet(t.Context(), c.Keys().States(), id, "s|garbage").Err())
		}
		register(t, c, "w", 10, nil, "echo")
		s := newScheduler(c)
		eventually(t, "both are put aside", func() bool {
			must(t, s.Schedule(t.Context()))
			return len(list(t, c, c.Keys().Prefix()+"unreadable")) == 2
		})
		expectCounts(t, c, "default", "S=2 U=2")
	})
}

func TestALaneThatIsNoListIsToldOfAndStopsNoOther(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, some(3, "t", queue.Task{})...)
		submit(t, c, queue.Task{ID: "broken", Queue: "broken"}, queue.Task{ID: "low", Queue: "broken", Priority: queue.NewPriority(1)})
		lane := c.Keys().TaskQueue("broken", "5")
		must(t, c.Redis().Set(t.Context(), lane, "no list", 0).Err())
		w := register(t, c, "w", 10, nil, "echo")
		s := newScheduler(c)
		for range 2 {
			if err := s.Schedule(t.Context()); err == nil || !strings.Contains(err.Error(), "WRONGTYPE") {
				t.Errorf("Schedule: %v", err)
			}
		}
		ids := held(t, c, w)
		slices.Sort(ids)
		expectIDs(t, "the worker holds", ids, "low t0 t1 t2")
		if got, _ := turn(t, w, 9); len(got) != 4 {
			t.Errorf("a turn started %v", got)
		}

		must(t, c.Redis().Del(t.Context(), lane).Err())
		submit(t, c, queue.Task{ID: "mended", Queue: "broken"})
		must(t, s.Schedule(t.Context()))
		if got, _ := turn(t, w, 9); !slices.Equal(got, []string{"mended"}) {
			t.Errorf("once the key is a list again a turn started %v", got)
		}
	})
}

// A queue that cannot be looked into stops assign where it stands. By its weight assign comes to it last, or where another
// move is to go on without assigning, first.
func TestWhatWasTakenOffALaneIsNotLostWhereAssigningStops(t *testing.T) {
	for name, step := range map[string]func(*testing.T, *queue.Client, *workers.Session) error{
		"schedule": func(t *testing.T, c *queue.Client, _ *workers.Session) error {
			return newScheduler(c).Schedule(t.Context())
		},
		"submit": func(t *testing.T, c *queue.Client, _ *workers.Session) error {
			_, err := c.Submit(t.Context(), queue.Task{ID: "t9"})
			return err
		},
		"turn": func(t *testing.T, _ *queue.Client, w *workers.Session) error {
			_, _, err := w.Turn(t.Context(), nil, 4)
			return err
		},
		"cancel": func(t *testing.T, c *queue.Client, _ *workers.Session) error {
			_, err := c.Cancel(t.Context(), "t0")
			return err
		},
		"run now": func(t *testing.T, c *queue.Client, _ *workers.Session) error {
			_, err := c.RunNow(t.Context(), "later")
			return err
		},
	} {
		tasks := 13
		if name == "submit" {
			tasks++
		}
		refused := name == "schedule" || name == "turn" // the others have done what they were asked for
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, c *queue.Client) {
				weights := map[string]int{"default": 1, "broken": 1000}
				if refused {
					weights = map[string]int{"default": 1000, "broken": 1}
				}
				w := register(t, c, "w", 4, weights, "echo")
				must(t, c.Pause(t.Context(), "default"))
				submit(t, c, some(8, "t", queue.Task{Type: "rare"})...)
				submit(t, c, some(3, "e", queue.Task{})...)
				submit(t, c, queue.Task{ID: "later", Delay: time.Hour}, queue.Task{ID: "last", Type: "rare"})
				must(t, c.Redis().HDel(t.Context(), c.Keys().Prefix()+"paused", "default").Err())
				must(t, c.Redis().Set(t.Context(), c.Keys().Lanes("broken"), "no set", 0).Err())
				must(t, c.Redis().SAdd(t.Context(), c.Keys().Backlog(), "broken").Err())
				if err := step(t, c, w); (err != nil) != refused || refused && !strings.Contains(err.Error(), "WRONGTYPE") {
					t.Errorf("the error is %v", err)
				}
				expectWhole(t, c, tasks)
			})
		})
	}
}

// expectWhole fails unless each of n tasks of the default queue stands in one place, and is counted there.
func expectWhole(t *testing.T, c *queue.Client, n int) {
	t.Helper()
	var ids []string
	stand := map[string]int{}
	for _, line := range queuetest.Cell(t, c) {
		if place, names, found := strings.Cut(line, ": "); found {
			kind, _, _ := strings.Cut(place, ":")
			ids = append(ids, strings.Fields(names)...)
			stand[kind] += len(strings.Fields(names))
		}
	}
	counted := map[string]int{}
	for _, count := range strings.Fields(queuetest.Counts(t, c, "default")) {
		state, value, _ := strings.Cut(count, "=")
		number, err := strconv.Atoi(value)
		must(t, err)
		counted[state] = number
	}
	slices.Sort(ids)
	if len(ids) != n || len(slices.Compact(ids)) != n || counted["S"] != n {
		t.Errorf("%d tasks stand in %d places and are counted as %d: %v", n, len(ids), counted["S"], ids)
	}
	if stand["task_queue"] != counted["p"] || stand["processing"] != counted["a"]+counted["r"] || stand["tasks_scheduled"] != counted["s"] ||
		stand["tasks_canceled"] != counted["x"] {
		t.Errorf("there stand %v, and counted are %v", stand, counted)
	}
}
