// Package workers owns the worker pool: it registers a worker, keeps its heartbeat, starts the tasks on its processing
// list, runs their handlers and records how they ended.
//
// Its moves: register, heartbeat, start (assigned to running), finish (running to completed, failed, retry, canceled
// or released), drain, leave, drilled. Start and finish share one round trip, the turn.
package workers

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// Handler runs one attempt of a task. Its result is kept as JSON, at most 1 MiB. It must return soon after ctx ends,
// which it does when the attempt times out, the task is canceled, the worker stops or has lost its lease;
// context.Cause tells which. Delivery is at least once: a handler may run again for a task that it has finished, if
// its worker was lost before that could be recorded. An error or a panic is retried with backoff; see NoRetry and
// RetryAfter.
type Handler func(ctx context.Context, t *queue.Task) (result any, err error)

// Handlers maps a task's type to what runs it. A worker is assigned no other types.
type Handlers map[string]Handler

// Types lists the types, sorted.
func (h Handlers) Types() []string { return slices.Sorted(maps.Keys(h)) }

// The causes of a handler's context ending, for context.Cause.
var (
	// ErrTimeout: the attempt took longer than the task's timeout.
	ErrTimeout = errors.New("the attempt timed out")
	// ErrCanceled: a user canceled the task.
	ErrCanceled = errors.New("the task was canceled")
	// ErrStopping: the worker stops and could not wait any longer; the task goes back to its queue.
	ErrStopping = errors.New("the worker is stopping")
	// ErrLeaseLost: the worker was declared lost, could not show for two thirds of its lease that it lives, or stops for a
	// drill. What the handler did may be done again elsewhere.
	ErrLeaseLost = errors.New("the worker lost its lease")
)

type noRetry struct{ error }

func (e noRetry) Unwrap() error { return e.error }

// NoRetry marks err as final: the task fails at once, with reason no_retry. NoRetry(nil) is nil.
func NoRetry(err error) error {
	if err == nil {
		return nil
	}
	return noRetry{err}
}

type retryAfter struct {
	error
	wait time.Duration
}

func (e retryAfter) Unwrap() error { return e.error }

// RetryAfter asks for the next attempt after wait instead of the task's backoff; attempts are still counted.
// RetryAfter(nil, wait) is nil.
func RetryAfter(err error, wait time.Duration) error {
	if err == nil {
		return nil
	}
	return retryAfter{err, max(wait, 0)}
}
