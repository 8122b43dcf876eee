package queue_test

import (
	"context"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

const patience = 20 * time.Second

// hint waits for the next one; what was hidden by the silence after the last has passed by then.
func hint(t *testing.T, hints <-chan struct{}, after string) {
	t.Helper()
	select {
	case _, open := <-hints:
		if !open {
			t.Fatalf("after %s the channel closed", after)
		}
	case <-time.After(patience):
		t.Fatalf("no hint after %s", after)
	}
}

// speak ends the silence after the last hint, so that the next move gets one of its own.
func speak(t *testing.T, c *queue.Client) {
	t.Helper()
	if err := c.Redis().HDel(t.Context(), c.Keys().Meta(), "dirty").Err(); err != nil {
		t.Fatal(err)
	}
}

func TestEachMoveGivesAHint(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		hints := c.Changes(t.Context())
		hint(t, hints, "the subscription")
		seat(t, c, "w", 1, "mail")
		check := func(_ any, err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, move := range []struct {
			name string
			make func()
		}{
			{"submit", func() { submit(t, c, queue.Task{ID: "a"}) }},
			{"schedule", func() { submit(t, c, queue.Task{ID: "b", Delay: time.Hour}) }},
			{"assign", func() { submit(t, c, queue.Task{ID: "m", Type: "mail"}) }},
			{"cancel", func() { check(c.Cancel(t.Context(), "a")) }},
			{"cancel assigned", func() { check(c.Cancel(t.Context(), "m")) }},
			{"redrive", func() { check(c.Redrive(t.Context(), "a")) }},
			{"run", func() { check(c.RunNow(t.Context(), "b")) }},
			{"delete", func() { check(nil, c.Delete(t.Context(), "b")) }},
			{"pause", func() { check(nil, c.Pause(t.Context(), "q")) }},
			{"resume", func() { check(nil, c.Resume(t.Context(), "q")) }},
		} {
			speak(t, c)
			move.make()
			hint(t, hints, move.name)
		}
	})
}

func TestWhatChangesNothingGivesNoHint(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "a"})
		speak(t, c)
		submitAgain, err := c.Submit(t.Context(), queue.Task{ID: "a"})
		if err != nil || submitAgain[0].Status != queue.Existed {
			t.Fatal(submitAgain, err)
		}
		_ = c.Resume(t.Context(), "q")
		_ = c.Delete(t.Context(), "none")
		if _, err := c.RunNow(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		if set := c.Redis().HExists(t.Context(), c.Keys().Meta(), "dirty").Val(); set {
			t.Error("a hint was given")
		}
	})
}

func TestAReconnectIsAHint(t *testing.T) {
	server := redistest.New(t)
	c := open(t, server.URL())
	hints := c.Changes(t.Context())
	hint(t, hints, "the subscription")
	server.Kill()
	server.Start()
	hint(t, hints, "the restart of Redis")
	submit(t, c, queue.Task{ID: "a"})
	hint(t, hints, "a submit on the new connection")
}

func TestChangesEndsWithItsContext(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		ctx, cancel := context.WithCancel(t.Context())
		hints := c.Changes(ctx)
		cancel()
		for deadline := time.After(patience); ; {
			select {
			case _, open := <-hints:
				if !open {
					return
				}
			case <-deadline:
				t.Fatal("the channel stays open")
			}
		}
	})
}
