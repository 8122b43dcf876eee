package loop_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/loop"
)

// recorder is a step that notes when it ran, and fails with the errors it was given, in order.
type recorder struct {
	began time.Time
	at    []time.Duration
	errs  []error
	takes time.Duration
}

func (r *recorder) step(context.Context) error {
	r.at = append(r.at, time.Since(r.began))
	<-time.After(r.takes) // of the bubble's time
	if n := len(r.at); n <= len(r.errs) {
		return r.errs[n-1]
	}
	return nil
}

// run drives r in a bubble of fake time for d, and returns what Run returned and what it reported.
func run(r *recorder, every, d time.Duration, wake <-chan struct{}) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	var reports []string
	r.began = time.Now()
	err := loop.Run(ctx, every, wake, r.step, func(err error) { reports = append(reports, fmt.Sprint(err)) })
	return reports, err
}

func TestStepRunsAtOnceAndThenFromStartToStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{takes: 300 * time.Millisecond}
		_, err := run(r, time.Second, 3500*time.Millisecond, nil)
		want := []time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second}
		if err != nil || !slices.Equal(r.at, want) {
			t.Fatalf("ran at %v, returned %v; want %v and nil", r.at, err, want)
		}
	})
}

func TestALongStepIsFollowedAtOnceAndNeverOverlapped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{takes: 1500 * time.Millisecond}
		_, _ = run(r, time.Second, 4*time.Second, nil)
		want := []time.Duration{0, 1500 * time.Millisecond, 3 * time.Second}
		if !slices.Equal(r.at, want) {
			t.Fatalf("ran at %v; want %v", r.at, want)
		}
	})
}

func TestAWakeUpRunsTheStepEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wake := make(chan struct{}, 1)
		time.AfterFunc(200*time.Millisecond, func() { loop.Wake(wake) })
		r := &recorder{}
		_, _ = run(r, time.Second, 1500*time.Millisecond, wake)
		want := []time.Duration{0, 200 * time.Millisecond, 1200 * time.Millisecond}
		if !slices.Equal(r.at, want) {
			t.Fatalf("ran at %v; want %v", r.at, want)
		}
	})
}

func TestAWakeUpDuringAStepIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wake := make(chan struct{}, 1)
		time.AfterFunc(50*time.Millisecond, func() { loop.Wake(wake) })
		r := &recorder{takes: 100 * time.Millisecond}
		_, _ = run(r, time.Minute, time.Second, wake)
		want := []time.Duration{0, 100 * time.Millisecond}
		if !slices.Equal(r.at, want) {
			t.Fatalf("ran at %v; want %v", r.at, want)
		}
	})
}

func TestAClosedWakeChannelIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wake := make(chan struct{})
		close(wake)
		r := &recorder{}
		_, _ = run(r, time.Second, 2500*time.Millisecond, wake)
		if len(r.at) != 3 {
			t.Fatalf("ran %d times in 2.5 s at an interval of 1 s; want 3", len(r.at))
		}
	})
}

func TestAFailingStepBacksOffAndIgnoresWakeUps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wake := make(chan struct{}, 1)
		r := &recorder{}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		r.began = time.Now()
		_ = loop.Run(ctx, 100*time.Millisecond, wake, func(ctx context.Context) error {
			loop.Wake(wake)
			_ = r.step(ctx)
			return errors.New("away")
		}, nil)
		for i := 1; i < len(r.at); i++ {
			gap, most := r.at[i]-r.at[i-1], min(50*time.Millisecond<<min(i-1, 10), 250*time.Millisecond)
			if gap < most/2 || gap > most {
				t.Errorf("wait %d was %v; want %v to %v", i, gap, most/2, most)
			}
		}
		if len(r.at) < 40 {
			t.Errorf("ran %d times in 10 s; want at least 40: the wait is at most 250 ms", len(r.at))
		}
	})
}

func TestErrorsAreReportedOncePerChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{errs: []error{
			nil,
			errors.New("read 127.0.0.1:40001: refused"), errors.New("read 127.0.0.1:40022: refused"),
			errors.New("loading"), nil, nil,
		}}
		got, _ := run(r, time.Second, 20*time.Second, nil)
		want := []string{"read 127.0.0.1:40001: refused", "loading", "<nil>"}
		if !slices.Equal(got, want) {
			t.Fatalf("reported %q; want %q", got, want)
		}
	})
}

func TestErrStopEndsTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lost := fmt.Errorf("worker w-1 was declared lost: %w", loop.ErrStop)
		r := &recorder{errs: []error{nil, lost}}
		reports, err := run(r, time.Second, time.Hour, nil)
		if !errors.Is(err, lost) || len(reports) != 0 || len(r.at) != 2 {
			t.Fatalf("returned %v after %d steps with reports %q; want %v after 2 with none", err, len(r.at), reports, lost)
		}
	})
}

func TestTheErrorOfAStepThatWasInterruptedIsNotReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := loop.Run(ctx, time.Minute, nil, func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}, func(err error) { t.Errorf("reported %v", err) })
		if err != nil {
			t.Fatalf("returned %v; want nil: the end of ctx is how a loop is told to stop", err)
		}
	})
}

func TestWakeNeverBlocksAndCoalesces(t *testing.T) {
	wake := make(chan struct{}, 1)
	for range 3 {
		loop.Wake(wake)
	}
	if len(wake) != 1 {
		t.Fatalf("%d signals wait; want 1", len(wake))
	}
}
