package workers_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// hurriedWorker is one with two slots that has measured quick tasks, and so fetches ahead. Tasks of type "slow" wait for
// gate, or for their end.
func hurriedWorker(t *testing.T, c *queue.Client, gate <-chan struct{}) *running {
	t.Helper()
	w := runWorker(t, c, workers.Handlers{
		"echo": func(context.Context, *queue.Task) (any, error) { return nil, nil },
		"slow": func(ctx context.Context, _ *queue.Task) (any, error) {
			select {
			case <-gate:
			case <-ctx.Done():
			}
			return nil, ctx.Err()
		},
	}, fast(2))
	ids := submit(t, c, some(100, "quick", queue.Task{})...)
	eventually(t, "the quick tasks are completed", func() bool { return allAre(t, c, ids, queue.Completed) })
	return w
}

func TestWhatWasFetchedAheadAndDoesNotBeginSoonIsGivenBack(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		var releases atomic.Int64
		c.Redis().AddHook(replies{func(args []any) error {
			if isTurn(args) && slices.Contains(args, any("release")) {
				releases.Add(1)
			}
			return nil
		}})
		gate := make(chan struct{})
		w := hurriedWorker(t, c, gate)
		ids := submit(t, c, some(8, "slow", queue.Task{Type: "slow"})...)
		eventually(t, "two run and six were given back", func() bool {
			return releases.Load() > 0 && c.Redis().HGet(t.Context(), c.Keys().Counts(), "default|p").Val() == "6"
		})
		line, err := c.Redis().LRange(t.Context(), c.Keys().TaskQueue(queue.DefaultQueue, "5"), 0, -1).Result()
		must(t, err)
		if !slices.Equal(line, ids[2:]) {
			t.Errorf("the line is %v; want %v", line, ids[2:])
		}
		for _, id := range ids[2:] {
			if task := get(t, c, id); task.Attempt != 0 || outcomes(t, c, id) != "" {
				t.Errorf("%s: attempt %d, %q", id, task.Attempt, outcomes(t, c, id))
			}
		}
		close(gate)
		eventually(t, "all have run", func() bool { return allAre(t, c, ids, queue.Completed) })
		for _, id := range ids {
			if got := outcomes(t, c, id); got != "1 ok" {
				t.Errorf("%s: attempts %q", id, got)
			}
		}
		w.stop()
		w.wait(t)
	})
}

func TestALongTaskThatWasFetchedAheadIsSaidToHaveBegun(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		gate := make(chan struct{})
		w := hurriedWorker(t, c, gate)
		id := theWorker(t, c)
		tasks := some(40, "t", queue.Task{}) // more than it has slots, so that the last ones are fetched ahead
		tasks[38].Type, tasks[39].Type = "slow", "slow"
		submit(t, c, tasks...)
		eventually(t, "the slow ones have begun", func() bool {
			for _, task := range tasks[38:] {
				if got := get(t, c, task.ID); got.State != queue.Running || got.FetchedAhead() {
					return false
				}
			}
			return true
		})
		lose(t, c, id)
		for _, task := range tasks[38:] {
			if got := outcomes(t, c, task.ID); got != "1 lost" && got != "1 lost, 2" {
				t.Errorf("%s: attempts %q; want the first lost", task.ID, got)
			}
		}
		close(gate)
		eventually(t, "all are completed", func() bool { return allAre(t, c, []string{"t38", "t39"}, queue.Completed) })
		w.stop()
		w.wait(t)
	})
}

func TestAWorkerThatStopsGivesBackWhatWasFetchedAhead(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		gate := make(chan struct{})
		w := hurriedWorker(t, c, gate)
		ids := submit(t, c, some(20, "slow", queue.Task{Type: "slow"})...)
		eventually(t, "some run", func() bool { return get(t, c, ids[1]).State == queue.Running })
		w.stop()
		eventually(t, "the others wait again", func() bool { return allAre(t, c, ids[2:], queue.Pending) })
		close(gate)
		w.wait(t)
		for i, id := range ids {
			want := 0
			if i < 2 { // those that ran
				want = 1
			}
			if task := get(t, c, id); task.Attempt != want {
				t.Errorf("%s, %s: attempt %d; want %d", id, task.State, task.Attempt, want)
			}
		}
	})
}
