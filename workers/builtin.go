package workers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// Builtin returns the types that every server of QueuePilot runs: echo, sleep and fail.
func Builtin() Handlers {
	return Handlers{"echo": echo, "sleep": sleep, "fail": fail}
}

// echo completes with its payload.
func echo(_ context.Context, t *queue.Task) (any, error) { return t.Payload, nil }

const longestSleep = 365 * 24 * 60 * 60 // seconds: a year, like every duration of a task

// sleep {"seconds": 1.5} or {"min": 1, "max": 3} takes that long and reports progress ten times.
func sleep(ctx context.Context, t *queue.Task) (any, error) {
	var in struct{ Seconds, Min, Max float64 }
	if err := json.Unmarshal(t.Payload, &in); err != nil {
		return nil, NoRetry(errors.New(`the payload of a sleep task is {"seconds": 1.5} or {"min": 1, "max": 3}, numbers both`))
	}
	if in.Max < in.Min || in.Seconds < 0 || in.Min < 0 || max(in.Seconds, in.Max) > longestSleep {
		return nil, NoRetry(errors.New("the payload of a sleep task needs seconds from 0 to 31536000 (a year), or 0 <= min <= max <= that"))
	}
	if in.Seconds == 0 {
		in.Seconds = in.Min + rand.Float64()*(in.Max-in.Min)
	}
	const steps = 10
	for i := range steps {
		t.Progress(ctx, float64(i)*100/steps, fmt.Sprintf("%.1f of %.1f s slept", in.Seconds*float64(i)/steps, in.Seconds))
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(time.Duration(in.Seconds / steps * float64(time.Second))):
		}
	}
	return map[string]float64{"slept_seconds": in.Seconds}, nil
}

// fail {"times": 2, "error": "..."} fails that many attempts and then completes: for drills. Without times it fails
// every attempt.
func fail(_ context.Context, t *queue.Task) (any, error) {
	var in struct {
		Times *int
		Error string
	}
	if err := json.Unmarshal(t.Payload, &in); err != nil {
		return nil, NoRetry(errors.New(`the payload of a fail task is {"times": 2, "error": "out of cheese"}, a number and a text`))
	}
	if in.Times != nil && t.Attempt > *in.Times {
		return map[string]int{"failed_attempts": *in.Times}, nil
	}
	if in.Error == "" {
		in.Error = "failed as asked"
	}
	return nil, errors.New(in.Error)
}
