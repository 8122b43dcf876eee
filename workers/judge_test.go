package workers

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

func TestAnAttemptsEndDecidesWhatBecomesOfItsTask(t *testing.T) {
	broken := errors.New("broken")
	const second = time.Second
	for name, tc := range map[string]struct {
		result     any
		err, cause error
		attempt    int
		want       Report
	}{
		"ok":                        {result: map[string]int{"n": 1}, want: Report{Kind: Complete, Outcome: "ok", Result: `{"n":1}`}},
		"ok, nothing":               {want: Report{Kind: Complete, Outcome: "ok"}},
		"ok, null":                  {result: (*int)(nil), want: Report{Kind: Complete, Outcome: "ok"}},
		"ok after the time-out":     {cause: ErrTimeout, want: Report{Kind: Complete, Outcome: "ok"}},
		"ok after a cancel":         {cause: ErrCanceled, want: Report{Kind: Complete, Outcome: "ok"}},
		"error":                     {err: broken, want: Report{Kind: Retry, Delay: second, Outcome: "error", Error: "broken"}},
		"error, later attempt":      {err: broken, attempt: 3, want: Report{Kind: Retry, Delay: 4 * second, Outcome: "error", Error: "broken"}},
		"error, last attempt":       {err: broken, attempt: 5, want: Report{Kind: Fail, Reason: "attempts_exhausted", Outcome: "error", Error: "broken"}},
		"no retry":                  {err: NoRetry(broken), want: Report{Kind: Fail, Reason: "no_retry", Outcome: "error", Error: "broken"}},
		"no retry, last attempt":    {err: NoRetry(broken), attempt: 5, want: Report{Kind: Fail, Reason: "no_retry", Outcome: "error", Error: "broken"}},
		"no retry, wrapped":         {err: fmt.Errorf("so: %w", NoRetry(broken)), want: Report{Kind: Fail, Reason: "no_retry", Outcome: "error", Error: "so: broken"}},
		"retry after":               {err: RetryAfter(broken, time.Hour), want: Report{Kind: Retry, Delay: time.Hour, Outcome: "error", Error: "broken"}},
		"retry after, negative":     {err: RetryAfter(broken, -1), want: Report{Kind: Retry, Outcome: "error", Error: "broken"}},
		"retry after, last attempt": {err: RetryAfter(broken, time.Hour), attempt: 5, want: Report{Kind: Fail, Reason: "attempts_exhausted", Outcome: "error", Error: "broken"}},
		"time-out":                  {err: broken, cause: ErrTimeout, want: Report{Kind: Retry, Delay: second, Outcome: "timeout", Error: "timed out after 7s: broken"}},
		"time-out, last attempt":    {err: broken, cause: ErrTimeout, attempt: 5, want: Report{Kind: Fail, Reason: "attempts_exhausted", Outcome: "timeout", Error: "timed out after 7s: broken"}},
		"canceled":                  {err: broken, cause: ErrCanceled, attempt: 5, want: Report{Kind: Cancel, Outcome: "canceled", Error: "broken"}},
		"stopping":                  {err: NoRetry(broken), cause: ErrStopping, attempt: 5, want: Report{Kind: Release, Outcome: "released", Error: "broken"}},
		"lease lost":                {err: broken, cause: ErrLeaseLost, want: Report{Kind: Release, Outcome: "released", Error: "broken"}},
		"result not JSON": {result: math.NaN(), want: Report{
			Kind: Fail, Reason: "no_retry", Outcome: "error",
			Error: "the result is not JSON: json: unsupported value: NaN",
		}},
		"result too large": {result: strings.Repeat("x", 1<<20), want: Report{
			Kind: Fail, Reason: "no_retry", Outcome: "error",
			Error: "the result has 1048578 bytes of JSON; at most 1 MiB is kept",
		}},
		"error not UTF-8": {err: errors.New("a\xffb\x00|\n"), want: Report{Kind: Retry, Delay: second, Outcome: "error", Error: "a\uFFFDb\x00|\n"}},
	} {
		task := &queue.Task{ID: "a", Attempt: max(tc.attempt, 1), MaxAttempts: 5, Timeout: 7 * second, Backoff: queue.Backoff{NoJitter: true}}
		tc.want.TaskID, tc.want.Attempt = "a", task.Attempt
		if got := judge(task, tc.result, tc.err, tc.cause); got != tc.want {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, tc.want)
		}
	}
}

func TestALongErrorIsCutBetweenItsCharacters(t *testing.T) {
	r := judge(&queue.Task{MaxAttempts: 5, Attempt: 1}, nil, errors.New(strings.Repeat("é", 5000)), nil)
	if len(r.Error) > maxError || len(r.Error) < maxError-4 || !strings.HasSuffix(r.Error, "é...") {
		t.Errorf("%d bytes, ending in %q; want %d and an ellipsis", len(r.Error), r.Error[len(r.Error)-6:], maxError)
	}
}

func explode() { panic(fmt.Errorf("out of cheese")) }

func TestAPanicIsAnErrorWithThePlaceWhereItHappened(t *testing.T) {
	task := &queue.Task{ID: "a", Attempt: 1, MaxAttempts: 5, Timeout: time.Hour}
	r := run(t.Context(), func(context.Context, *queue.Task) (any, error) { explode(); return nil, nil }, task)
	lines := strings.Split(r.Error, "\n")
	if r.Kind != Retry || r.Outcome != queue.OutcomeError || lines[0] != "panic: out of cheese" ||
		len(lines) < 3 || !strings.Contains(lines[1], "workers.explode") {
		t.Errorf("got %+v; want a retry, and explode first on the stack", r)
	}
}

func TestAHandlersContextEndsWithTheTaskTimeout(t *testing.T) {
	task := &queue.Task{ID: "a", Attempt: 1, MaxAttempts: 1, Timeout: 5 * time.Millisecond}
	r := run(t.Context(), func(ctx context.Context, _ *queue.Task) (any, error) {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}, task)
	if r.Kind != Fail || r.Outcome != queue.OutcomeTimeout || r.Reason != queue.ReasonAttemptsExhausted {
		t.Errorf("got %+v; want a time-out", r)
	}
}

func TestMarkingNoErrorIsNoError(t *testing.T) {
	if NoRetry(nil) != nil || RetryAfter(nil, time.Second) != nil {
		t.Error("nil became an error")
	}
	if err := errors.New("e"); !errors.Is(NoRetry(err), err) || !errors.Is(RetryAfter(err, 1), err) {
		t.Error("the error is not found any more")
	}
}

func TestAWrongConfigurationIsRefused(t *testing.T) {
	for _, tc := range []struct {
		cfg  Config
		want string
	}{
		{Config{Name: "a b"}, "name"},
		{Config{Slots: -1}, "slots"},
		{Config{Slots: 10001}, "slots"},
		{Config{Queues: map[string]int{"a": 0}}, "queue"},
		{Config{Queues: map[string]int{"a;b": 1}}, "queue"},
		{Config{HeartbeatInterval: 3 * time.Second}, "heartbeat"},
	} {
		err := New(nil, nil, tc.cfg).Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v gives %v; want an error about the %s", tc.cfg, err, tc.want)
		}
	}
	if err := New(nil, Handlers{"a|b": nil}, Config{}).Run(t.Context()); err == nil {
		t.Error("a handler's type with a bar was taken")
	}
}
