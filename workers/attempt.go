package workers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// The kinds of a report, as turn.lua knows them.
const (
	kindOK      = "ok"
	kindRetry   = "retry"
	kindFail    = "fail"
	kindRelease = "release"
	kindCancel  = "cancel"
)

// maxError cuts an attempt's error text, in bytes.
const maxError = 4096

// report is how one attempt ended, and what is to become of its task.
type report struct {
	id      string
	attempt int
	kind    string
	delay   time.Duration // before the next attempt, where kind is retry
	reason  queue.Reason  // where kind is fail
	outcome queue.Outcome
	err     string
	result  string        // JSON, "" for null
	took    time.Duration // the handler's time
}

// run runs one attempt to its end and says what becomes of the task. ctx ends with one of the causes of handlers.go.
func run(ctx context.Context, h Handler, t *queue.Task) report {
	began := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, t.Timeout, ErrTimeout)
	defer cancel()
	result, err := call(ctx, h, t)
	r := judge(t, result, err, context.Cause(ctx))
	r.took = time.Since(began)
	return r
}

// call turns a panic into an error, with the place where it happened first.
func call(ctx context.Context, h Handler, t *queue.Task) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, panicStack())
		}
	}()
	return h(ctx, t)
}

// judge decides what becomes of a task whose handler returned; cause is why its context ended, or nil. A handler that
// completed in spite of a time-out has completed.
func judge(t *queue.Task, result any, err, cause error) report {
	r := report{id: t.ID, attempt: t.Attempt}
	if err == nil {
		text, bad := marshal(result)
		if bad == nil {
			r.kind, r.outcome, r.result = kindOK, queue.OutcomeOK, text
			return r
		}
		err = NoRetry(bad)
	}
	r.err = cut(strings.ToValidUTF8(err.Error(), "\uFFFD"), maxError)
	switch {
	case errors.Is(cause, ErrCanceled):
		r.kind, r.outcome = kindCancel, queue.OutcomeCanceled
	case errors.Is(cause, ErrStopping), errors.Is(cause, ErrLeaseLost):
		r.kind, r.outcome = kindRelease, queue.OutcomeReleased
	case errors.Is(cause, ErrTimeout):
		r.err = fmt.Sprintf("timed out after %v: %s", t.Timeout, r.err)
		r.retryOrFail(t, err, queue.OutcomeTimeout)
	default:
		r.retryOrFail(t, err, queue.OutcomeError)
	}
	return r
}

func (r *report) retryOrFail(t *queue.Task, err error, outcome queue.Outcome) {
	r.outcome = outcome
	var final noRetry
	var after retryAfter
	switch {
	case errors.As(err, &final):
		r.kind, r.reason = kindFail, queue.ReasonNoRetry
	case t.Attempt >= t.MaxAttempts:
		r.kind, r.reason = kindFail, queue.ReasonAttemptsExhausted
	case errors.As(err, &after):
		r.kind, r.delay = kindRetry, after.wait
	default:
		r.kind, r.delay = kindRetry, t.Backoff.Wait(t.Attempt+1)
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
