package workers

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// The reply of a turn may be handled after all handlers were told to stop.
func TestATaskThatComesAfterTheLossIsCanceledAtOnce(t *testing.T) {
	cause := make(chan error, 1)
	w := New(nil, Handlers{"echo": func(ctx context.Context, _ *queue.Task) (any, error) {
		select {
		case <-ctx.Done():
			cause <- context.Cause(ctx)
		case <-time.After(3 * time.Second):
			cause <- nil
		}
		return nil, nil
	}}, Config{})
	w.cfg, _ = Config{Name: "w", Log: slog.New(slog.DiscardHandler)}.withDefaults()
	l := newLife(w)
	lost := make(chan struct{})
	close(lost)
	l.endWork(t.Context(), lost)
	// the reply was under way
	l.startAll([]*queue.Task{{ID: "a", Type: "echo", Attempt: 1, MaxAttempts: 1, Timeout: time.Hour}})
	if err := <-cause; !errors.Is(err, ErrLeaseLost) {
		t.Errorf("the handler's context ended by %v; want ErrLeaseLost", err)
	}
	l.attempts.Wait()
}
