package scheduler_test

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/queue/queuetest"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
	"github.com/xuniquepatel/queue-pilot/scheduler"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// Here somebody put a value of another type at one of the keys.

func TestALaneThatIsNoListIsToldOfOnceAndStopsNoOther(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, some(3, "t", queue.Task{})...)
		submit(t, c, queue.Task{ID: "broken", Queue: "broken"}, queue.Task{ID: "low", Queue: "broken", Priority: queue.NewPriority(1)})
		lane := c.Keys().TaskQueue("broken", "5")
		misplace(t, c, lane)
		w := register(t, c, "w", 4, nil, "echo")
		var told redistest.Log
		s := scheduler.New(c, scheduler.Config{Log: slog.New(slog.NewTextHandler(&told, nil))})
		must(t, s.Schedule(t.Context()))
		ids := held(t, c, w)
		slices.Sort(ids)
		expectIDs(t, "the worker holds", ids, "low t0 t1 t2")
		must(t, s.Schedule(t.Context())) // it is full: nobody looks at the lane
		_, leases := turn(t, w, 4)
		turn(t, w, 0, leases...)
		must(t, s.Schedule(t.Context()))
		if got := told.String(); strings.Count(got, "WRONGTYPE") != 1 || strings.Count(got, "\n") != 1 {
			t.Errorf("the log says %q", got)
		}

		must(t, c.Redis().Del(t.Context(), lane).Err())
		submit(t, c, queue.Task{ID: "mended", Queue: "broken"})
		must(t, s.Schedule(t.Context()))
		if got, _ := turn(t, w, 9); !slices.Equal(got, []string{"mended"}) {
			t.Errorf("once the key is a list again a turn started %v", got)
		}
	})
}

func misplace(t *testing.T, c *queue.Client, key string) {
	t.Helper()
	must(t, c.Redis().Set(t.Context(), key, "of another type", 0).Err())
}

// atOnce lets submit put tasks onto their lanes only, and then lets whatever comes next assign them.
func atOnce(t *testing.T, c *queue.Client, tasks ...queue.Task) {
	t.Helper()
	must(t, c.Pause(t.Context(), "default"))
	submit(t, c, tasks...)
	must(t, c.Redis().HDel(t.Context(), c.Keys().Prefix()+"paused", "default").Err())
}

func TestALaneOfATypeThatIsNoListStopsOnlyWhatStandsBehindThatType(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 9, nil, "echo")
		atOnce(t, c, queue.Task{ID: "rare", Type: "rare"}, queue.Task{ID: "behind"}, queue.Task{ID: "low", Priority: queue.NewPriority(1)})
		misplace(t, c, c.Keys().TaskQueue("default", "5@rare"))
		for range 3 {
			must(t, newScheduler(c).Schedule(t.Context()))
		}
		expectIDs(t, "the worker holds", held(t, c, w), "low")
		expectIDs(t, "the lane", list(t, c, c.Keys().TaskQueue("default", "5")), "rare behind")
		expectCounts(t, c, "default", "S=3 a=1 p=2")
	})
}

func TestAWorkerWhoseListIsNoListIsGivenNothingAndOthersAre(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		broken := register(t, c, "broken", 9, nil, "echo")
		atOnce(t, c, some(5, "t", queue.Task{})...)
		misplace(t, c, c.Keys().Processing(broken.ID()))
		s := newScheduler(c)
		must(t, s.Schedule(t.Context()))
		expectIDs(t, "the lane", list(t, c, c.Keys().TaskQueue("default", "5")), "t0 t1 t2 t3 t4")
		expectCounts(t, c, "default", "S=5 p=5")
		if states := c.Redis().HLen(t.Context(), c.Keys().States()).Val(); states != 0 {
			t.Errorf("%d tasks have a state", states)
		}

		sound := register(t, c, "sound", 3, nil, "echo")
		must(t, s.Schedule(t.Context()))
		expectIDs(t, "the other holds", held(t, c, sound), "t0 t1 t2")
		if _, _, err := broken.Turn(t.Context(), nil, 2); err == nil || !strings.Contains(err.Error(), "WRONGTYPE") {
			t.Errorf("a turn of the broken one: %v", err)
		}
		expectIDs(t, "the lane after that", list(t, c, c.Keys().TaskQueue("default", "5")), "t3 t4")
		expectCounts(t, c, "default", "S=5 a=3 p=2")
	})
}

func TestAnInboxThatIsNoListKeepsNoTaskFromItsWorker(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 4, nil, "echo")
		atOnce(t, c, some(20, "t", queue.Task{})...)
		misplace(t, c, c.Keys().Inbox(w.ID()))
		must(t, newScheduler(c).Schedule(t.Context()))
		expectIDs(t, "the worker holds", held(t, c, w), "t0 t1 t2 t3")
		expectCounts(t, c, "default", "S=20 a=4 p=16")
	})
}

func TestWhatWasTakenOffALaneGoesBackInItsOrderWhereItCannotBeRead(t *testing.T) {
	for name, spoil := range map[string]func(*testing.T, *queue.Client){
		"the states are no hash": func(t *testing.T, c *queue.Client) { misplace(t, c, c.Keys().States()) },
		"what cannot be read has nowhere to go": func(t *testing.T, c *queue.Client) {
			must(t, c.Redis().HDel(t.Context(), c.Keys().Tasks(), "t0", "t1").Err())
			must(t, c.Redis().HSet(t.Context(), c.Keys().States(), "t5", "p|garbage").Err())
			misplace(t, c, c.Keys().Prefix()+"unreadable")
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, c *queue.Client) {
				w := register(t, c, "w", 9, nil, "echo")
				atOnce(t, c, some(6, "t", queue.Task{})...)
				spoil(t, c)
				err := newScheduler(c).Schedule(t.Context())
				if err == nil || !strings.Contains(err.Error(), "WRONGTYPE") {
					t.Errorf("Schedule: %v", err)
				}
				expectIDs(t, "the lane", list(t, c, c.Keys().TaskQueue("default", "5")), "t0 t1 t2 t3 t4 t5")
				expectIDs(t, "the worker holds", held(t, c, w), "")
			})
		})
	}
}

func TestATurnStartsNoTaskWhosePayloadItCannotGet(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 9, nil, "echo")
		large := []byte(`"` + strings.Repeat("x", 5000) + `"`)
		atOnce(t, c, queue.Task{ID: "small"}, queue.Task{ID: "large", Payload: large}, queue.Task{ID: "behind"})
		misplace(t, c, c.Keys().Prefix()+"payloads")
		if _, _, err := w.Turn(t.Context(), nil, 9); err == nil || !strings.Contains(err.Error(), "WRONGTYPE") {
			t.Errorf("a turn: %v", err)
		}
		expectIDs(t, "the lane", list(t, c, c.Keys().TaskQueue("default", "5")), "large behind")
		expectIDs(t, "the worker runs", held(t, c, w), "small")
		expectCounts(t, c, "default", "S=3 p=2 r=1")
	})
}

// stopped is a cell in which assign stops at a queue that cannot be looked into. By its weight that is as good as always the
// first that assign looks into, or the last.
func stopped(t *testing.T, c *queue.Client, first bool) *workers.Session {
	t.Helper()
	weights := map[string]int{"default": 1000, "broken": 1}
	if first {
		weights = map[string]int{"default": 1, "broken": 1000}
	}
	w := register(t, c, "w", 4, weights, "echo")
	tasks := slices.Concat(some(8, "t", queue.Task{Type: "rare"}), some(3, "e", queue.Task{}))
	atOnce(t, c, append(tasks, queue.Task{ID: "later", Delay: time.Hour}, queue.Task{ID: "last", Type: "rare"})...)
	misplace(t, c, c.Keys().Lanes("broken"))
	must(t, c.Redis().SAdd(t.Context(), c.Keys().Backlog(), "broken").Err())
	return w
}

func TestWhatWasTakenOffALaneIsNotLostWhereAssigningStops(t *testing.T) {
	for name, step := range map[string]func(context.Context, *queue.Client, *workers.Session) error{
		"schedule": func(ctx context.Context, c *queue.Client, _ *workers.Session) error {
			return newScheduler(c).Schedule(ctx)
		},
		"turn": func(ctx context.Context, _ *queue.Client, w *workers.Session) error {
			_, _, err := w.Turn(ctx, nil, 4)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, c *queue.Client) {
				w := stopped(t, c, false)
				if err := step(t.Context(), c, w); err == nil || !strings.Contains(err.Error(), "WRONGTYPE") {
					t.Errorf("the error is %v", err)
				}
				expectWhole(t, c, 13)
			})
		})
	}
}

func TestAMoveIsMadeWholeWhereAssigningStops(t *testing.T) {
	for name, step := range map[string]func(context.Context, *queue.Client) error{
		"submit": func(ctx context.Context, c *queue.Client) error {
			_, err := c.Submit(ctx, queue.Task{ID: "t9"})
			return err
		},
		"cancel": func(ctx context.Context, c *queue.Client) error {
			_, err := c.Cancel(ctx, "t0")
			return err
		},
		"run now": func(ctx context.Context, c *queue.Client) error {
			_, err := c.RunNow(ctx, "later")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, c *queue.Client) {
				stopped(t, c, true)
				must(t, step(t.Context(), c))
				n := 13
				if name == "submit" {
					n++
				}
				expectWhole(t, c, n)
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
