package queue_test

import (
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

func TestATasksPlaceCountsWhatGoesBeforeIt(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "a"}, queue.Task{ID: "b"}, queue.Task{ID: "c", Priority: prio(4)},
			queue.Task{ID: "urgent", Priority: prio(9)}, queue.Task{ID: "other", Queue: "other"})
		for id, want := range map[string]queue.Place{
			"urgent": {At: 1}, "a": {At: 2}, "b": {At: 3}, "c": {At: 4}, "other": {At: 1}, "nobody": {},
		} {
			if got, err := c.PlaceOf(t.Context(), id); err != nil || got != want {
				t.Errorf("%s: got %+v, %v; want %+v", id, got, err, want)
			}
		}
	})
}

func TestWhatWaitsForOtherWorkersIsNotBeforeATask(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "odd", Type: "odd"}, queue.Task{ID: "echo0"}, queue.Task{ID: "echo1"})
		seat(t, c, "w", 1, "echo")
		submit(t, c, queue.Task{ID: "echo2"}) // its assigning sets odd aside
		for id, want := range map[string]queue.Place{"odd": {At: 1}, "echo0": {}, "echo1": {At: 1}, "echo2": {At: 2}} {
			if got, err := c.PlaceOf(t.Context(), id); err != nil || got != want {
				t.Errorf("%s: got %+v, %v; want %+v", id, got, err, want)
			}
		}
	})
}

func TestAPlaceDeepInALongLineIsNotCounted(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "first"})
		standIn(t, c, "first", queue.MaxPlace-2)
		submit(t, c, queue.Task{ID: "last"}, queue.Task{ID: "deep"})
		for id, want := range map[string]queue.Place{"first": {At: 1}, "last": {At: 20_000}, "deep": {Deep: true}} {
			if got, err := c.PlaceOf(t.Context(), id); err != nil || got != want {
				t.Errorf("%s: got %+v, %v; want %+v", id, got, err, want)
			}
		}
	})
}
