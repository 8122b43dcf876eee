// Package loop owns the one background loop of QueuePilot: a step that runs at an interval, or earlier when it is
// woken, until its context ends. Scheduler, monitor, heartbeats and publishers differ in their step only.
package loop

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"
)

// ErrStop ends a loop from inside: a step whose error wraps it is the last one, and Run returns that error. A worker
// that was declared lost stops its heartbeat this way.
var ErrStop = errors.New("stop")

const (
	// firstRetry is the wait after a first failure: a lost reply or a restarting Redis is often over by then, and a
	// heartbeat must not spend a whole interval of its lease on it.
	firstRetry = 50 * time.Millisecond
	// slowestRetry bounds the back-off of loops with a short interval, so that all go on soon after Redis's return. A loop
	// with a longer interval is bounded by that interval: a heartbeat that waited longer would spend its lease.
	slowestRetry = 250 * time.Millisecond
)

// Run calls step at once and then every interval, counted from start to start, or as soon as wake is signalled,
// until ctx ends. Steps never overlap; a step that takes longer than the interval is followed by the next at once.
//
// A failing step is tried again after 50 ms, then with doubled waits up to the interval or 250 ms, whichever is
// longer; half of each wait is random, so that many processes do not come back in step. While it fails, a wake-up is
// kept but does not shorten the wait: a loop never spins.
//
// onError is told about changes only: once when a step begins to fail, again when it fails in another way, and with
// nil when it works again. Digits are not compared, because an error often carries a port or a time. It may be nil.
//
// Run returns nil when ctx ended, and the step's error where that wraps ErrStop. wake may be nil; a closed one counts
// as silent. A wake-up that arrives during a step causes another step, provided that wake has a buffer of one
// (see Wake). Run panics unless every is positive.
func Run(
	ctx context.Context, every time.Duration, wake <-chan struct{}, step func(context.Context) error, onError func(error),
) error {
	if every <= 0 {
		panic("loop: the interval must be positive")
	}
	report := changes{tell: onError}
	for failures := 0; ctx.Err() == nil; {
		began := time.Now()
		err := step(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, ErrStop):
			return err
		}
		report.note(err)
		if err != nil {
			failures++
			sleep(ctx, nil, retryWait(failures, every))
			continue
		}
		failures = 0
		wake = sleep(ctx, wake, every-time.Since(began))
	}
	return nil
}

// Wake signals a loop without blocking. A signal that waits already covers this one, so nothing is lost as long as
// wake was made with a buffer of one: make(chan struct{}, 1).
func Wake(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

// Log returns an onError for Run that logs a failure as a warning and its end as information, with what is the name
// of the loop, such as "heartbeat".
func Log(log *slog.Logger, what string) func(error) {
	return func(err error) {
		if err != nil {
			log.Warn("background work fails", "loop", what, "error", err)
			return
		}
		log.Info("background work goes on", "loop", what)
	}
}

// sleep returns after d, on a wake-up, or when ctx ends. It returns wake, or nil once that is closed.
func sleep(ctx context.Context, wake <-chan struct{}, d time.Duration) <-chan struct{} {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return wake
		case <-timer.C:
			return wake
		case _, open := <-wake:
			if open {
				return wake
			}
			wake = nil // a closed channel is always ready: the loop would spin
		}
	}
}

// retryWait returns the wait after the n-th failure in a row, n from 1.
func retryWait(n int, every time.Duration) time.Duration {
	most := max(every, slowestRetry)
	wait := firstRetry
	for i := 1; i < n && wait < most; i++ {
		wait *= 2
	}
	wait = min(wait, most)
	return wait/2 + rand.N(wait/2+1)
}

// changes passes on an error only where it differs from the last.
type changes struct {
	tell func(error)
	last string
}

func (c *changes) note(err error) {
	text := ""
	if err != nil {
		text = withoutDigits(err.Error())
	}
	if text == c.last || c.tell == nil {
		return
	}
	c.last = text
	c.tell(err)
}

func withoutDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, s)
}
