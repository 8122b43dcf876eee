package cli

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestACrewStopsInReverseOrderOneByOne(t *testing.T) {
	c := newCrew(slog.New(slog.DiscardHandler))
	var order []string // stop waits for each, so appends never race
	for _, name := range []string{"hub", "monitor", "web"} {
		c.start(name, func(ctx context.Context) error {
			<-ctx.Done()
			order = append(order, name)
			return nil
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.wait(ctx); err != nil {
		t.Errorf("wait: %v; want nil after ctx ended", err)
	}
	c.stop()
	if diff := cmp.Diff([]string{"web", "monitor", "hub"}, order); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestACrewEndsWithItsFirstFailureOrWhenAllAreDone(t *testing.T) {
	boom := errors.New("boom")
	c := newCrew(slog.New(slog.DiscardHandler))
	c.start("waits", func(ctx context.Context) error { <-ctx.Done(); return nil })
	c.start("fails", func(context.Context) error { return boom })
	if err := c.wait(t.Context()); !errors.Is(err, boom) || !strings.HasPrefix(err.Error(), "fails: ") {
		t.Errorf("wait: %v; want boom, and whose it is", err)
	}
	c.stop()

	done := newCrew(slog.New(slog.DiscardHandler))
	done.start("drained worker", func(context.Context) error { return nil })
	if err := done.wait(t.Context()); err != nil {
		t.Errorf("wait: %v; want nil", err)
	}
	done.stop()
}
