package workers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// maxError cuts an attempt's error text, in bytes.
const maxError = 4096

// run runs one attempt to its end and says what becomes of the task. ctx ends with one of the causes of handlers.go.
func run(ctx context.Context, h Handler, t *queue.Task) Report {
	ctx, cancel := context.WithTimeoutCause(ctx, t.Timeout, ErrTimeout)
	defer cancel()
	result, err := call(ctx, h, t)
	return judge(t, result, err, context.Cause(ctx))
}

// call turns a panic into an error, with the place where it happened first.
func call(ctx context.Context, h Handler, t *queue.Task) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, panicStack())
		}
	}()
	if h == nil { // only a task that could not be read gets here: it is kept as failed
		return nil, NoRetry(fmt.Errorf("the task cannot be read: %s", t.Error))
	}
	return h(ctx, t)
}

// judge decides what becomes of a task whose handler returned; cause is why its context ended, or nil. A handler that
// completed in spite of a time-out has completed.
func judge(t *queue.Task, result any, err, cause error) Report {
	r := Report{TaskID: t.ID, Attempt: t.Attempt, Queue: t.Queue, Retention: t.Retention}
	if err == nil {
		text, bad := marshal(result)
		if bad == nil {
			r.Kind, r.Outcome, r.Result = Complete, queue.OutcomeOK, text
			return r
		}
		err = NoRetry(bad)
	}
	r.Error = cut(strings.ToValidUTF8(err.Error(), "\uFFFD"), maxError)
	switch {
	case errors.Is(cause, ErrCanceled):
		r.Kind, r.Outcome = Cancel, queue.OutcomeCanceled
	case errors.Is(cause, ErrStopping), errors.Is(cause, ErrLeaseLost):
		r.Kind, r.Outcome = Release, queue.OutcomeReleased
	case errors.Is(cause, ErrTimeout):
		r.Error = fmt.Sprintf("timed out after %v: %s", t.Timeout, r.Error)
		r.retryOrFail(t, err, queue.OutcomeTimeout)
	default:
		r.retryOrFail(t, err, queue.OutcomeError)
	}
	return r
}

func (r *Report) retryOrFail(t *queue.Task, err error, outcome queue.Outcome) {
	r.Outcome = outcome
	var final noRetry
	var after retryAfter
	switch {
	case errors.As(err, &final):
		r.Kind, r.Reason = Fail, queue.ReasonNoRetry
	case t.Attempt >= t.MaxAttempts:
		r.Kind, r.Reason = Fail, queue.ReasonAttemptsExhausted
	case errors.As(err, &after):
		r.Kind, r.Delay = Retry, after.wait
	default:
		r.Kind, r.Delay = Retry, t.Backoff.Wait(t.Attempt+1)
	}
}

// marshal gives a result's JSON, "" where it is null.
func marshal(result any) (string, error) {
	if result == nil {
		return "", nil
	}
	text, err := json.Marshal(result)
	if err != nil {
		return "", fmt.Errorf("the result is not JSON: %w", err)
	}
	if len(text) > queue.MaxPayload {
		return "", fmt.Errorf("the result has %d bytes of JSON; at most 1 MiB is kept", len(text))
	}
	if string(text) == "null" {
		return "", nil
	}
	return string(text), nil
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n-3], "") + "..."
}
