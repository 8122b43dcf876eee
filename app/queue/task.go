// Package queue holds the words of QueuePilot (task, state, queue, key) and the moves that a user makes: submit,
// cancel, redrive, run, delete, pause and resume. It is also the Go client: Open a Client, Submit tasks, Get them.
//
// Every move is one Lua script that works on a whole batch; its text stands beside its Go file. All times are Redis's
// own (TIME inside the script), so the clocks of clients never matter.
package queue

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"time"
)

// State is where a task stands in its life. The zero value is no state.
type State string

// The states of a task. A live task's id stands on exactly one list or set, which its state names.
const (
	Scheduled State = "scheduled" // waits for its run_at
	Pending   State = "pending"   // on a task_queue
	Assigned  State = "assigned"  // on a worker's processing list, not started
	Running   State = "running"   // on a worker's processing list, its handler started
	Retry     State = "retry"     // waits for its backoff to end
	Completed State = "completed" // final: its result is recorded
	Failed    State = "failed"    // final until someone redrives it
	Canceled  State = "canceled"  // final: stopped by a user
)

// States lists every state in the order of a task's life.
var States = []State{Scheduled, Pending, Assigned, Running, Retry, Completed, Failed, Canceled}

// Final reports whether nothing moves the task any more by itself.
func (s State) Final() bool { return s == Completed || s == Failed || s == Canceled }

// Valid reports whether s is one of States.
func (s State) Valid() bool { return s.code() != 0 }

// Reason says why a task reached its final state.
type Reason string

// The reasons of a final state. A completed task has none.
const (
	ReasonError             Reason = "error"
	ReasonTimeout           Reason = "timeout"
	ReasonWorkerLost        Reason = "worker_lost"        // lost its worker MaxLosses times: it may be killing them
	ReasonNoRetry           Reason = "no_retry"           // its handler said that trying again is useless
	ReasonAttemptsExhausted Reason = "attempts_exhausted" // max_attempts spent
	ReasonCanceled          Reason = "canceled"
)

// Outcome is how one attempt ended.
type Outcome string

// The outcomes of an attempt. A released attempt keeps its number: the next one counts the same.
const (
	OutcomeOK       Outcome = "ok"
	OutcomeError    Outcome = "error"
	OutcomeTimeout  Outcome = "timeout"
	OutcomeLost     Outcome = "lost"
	OutcomeCanceled Outcome = "canceled"
	OutcomeReleased Outcome = "released"
)

// Defaults of a task, used where the submitter names none.
const (
	DefaultQueue       = "default"
	DefaultType        = "echo" // as in the Python system: a task without a type gives its payload back
	DefaultPriority    = 5      // the middle of 0 (least urgent) to 9 (most)
	DefaultMaxAttempts = 5      // with the default backoff: given up after some 15 s to 30 s of retries
	// DefaultTimeout ends an attempt whose handler hangs; long work names its own.
	DefaultTimeout = 30 * time.Minute
	// MaxLosses is how many workers a task may take down before it is failed as poison, where it was the last to start on
	// the last of them. One that may only have been beside it has twice as many, as long as it has attempts.
	MaxLosses = 3
	// DefaultRetention keeps completed and canceled tasks for look-ups; a day's work at 1,000/s would fill memory.
	DefaultRetention = time.Hour
	// FailedRetention keeps failed tasks until someone had a week to redrive them.
	FailedRetention = 7 * 24 * time.Hour
)

// Task is a unit of work. To submit one, only Payload is needed; Submit fills ID, Type, Queue, Priority and
// MaxAttempts where they are zero (see NewTask for a priority of 0). Fields below the line are filled by QueuePilot
// and ignored on submit. Its JSON form is the API's: times RFC 3339 with milliseconds, durations in seconds.
type Task struct {
	ID          string          // [A-Za-z0-9_.:-]{1,128}; a UUIDv7 where none is given
	Type        string          // names the handler; DefaultType where empty
	Queue       string          // DefaultQueue where empty
	Payload     json.RawMessage // any JSON, at most 1 MiB; null where empty
	Priority    *int            // 9 is most urgent, 0 least; DefaultPriority where nil
	MaxAttempts int             // 1 to 1000; DefaultMaxAttempts where 0
	Timeout     time.Duration   // of one attempt; DefaultTimeout where 0
	Delay       time.Duration   // start no earlier than this after the submit; excludes RunAt
	RunAt       time.Time       // start no earlier than this; zero for at once
	Backoff     Backoff         // the wait between attempts
	Retention   time.Duration   // how long it is kept once final; the server's default where 0
	Tags        []string        // at most 16, for people

	// ---- filled by QueuePilot ----

	State           State
	Reason          Reason
	Attempt         int // attempts started so far; the running one's number
	Losses          int // workers lost under this task
	WorkerID        string
	CreatedAt       time.Time
	AssignedAt      time.Time
	StartedAt       time.Time
	FinishedAt      time.Time
	Result          json.RawMessage // what the handler returned, as JSON
	Error           string          // the last attempt's error
	LastProgress    *Progress       // what its handler last said of itself
	CancelRequested bool            // asked to stop, and its handler has not returned yet
	// Waiting says why it has not started, in a sentence for people. Only the REST API fills it.
	Waiting string

	ahead bool // see FetchedAhead
}

// FetchedAhead tells of a running task that its worker may not have begun it yet: where it dies, no attempt is spent.
func (t *Task) FetchedAhead() bool { return t.ahead }

// Progress is what a running handler last said of itself.
type Progress struct {
	Percent float64 `json:"percent"` // 0 to 100
	Message string  `json:"message,omitempty"`
}

type reporterKey struct{}

// WithReporter returns a context whose task's Progress is given to report. It is for those who run handlers.
func WithReporter(ctx context.Context, report func(Progress)) context.Context {
	return context.WithValue(ctx, reporterKey{}, report)
}

// Progress says how far the running handler is: percent from 0 to 100, and a message for people, cut to 200 bytes. ctx
// must be the handler's own. It never blocks: of several calls between two writes (10 a second) the last one counts.
func (t *Task) Progress(ctx context.Context, percent float64, message string) {
	report, ok := ctx.Value(reporterKey{}).(func(Progress))
	if !ok {
		return
	}
	if len(message) > 200 {
		message = strings.ToValidUTF8(message[:200], "")
	}
	report(Progress{Percent: percentage(percent), Message: message})
}

// percentage keeps p within 0 to 100. What is no number, as the share done of nothing, is 0: JSON could not say it.
func percentage(p float64) float64 {
	if math.IsNaN(p) {
		return 0
	}
	return min(max(p, 0), 100)
}

// Attempt is one execution of a task, the newest last.
type Attempt struct {
	Attempt    int
	Outcome    Outcome // empty while it runs
	WorkerID   string
	StartedAt  time.Time
	FinishedAt time.Time // zero while it runs
	Error      string
}

// Strategy is how the wait grows from attempt to attempt.
type Strategy string

// The strategies of a backoff.
const (
	Exponential Strategy = "exponential"
	Linear      Strategy = "linear"
	Fixed       Strategy = "fixed"
)

// Backoff is the wait between a failed attempt and the next. The zero value is exponential from 1 s to at most 1 h
// with full jitter.
type Backoff struct {
	Strategy Strategy      // Exponential where empty
	Base     time.Duration // 1 s where 0
	Max      time.Duration // 1 h where 0
	NoJitter bool          // the wait itself, and not a random part of it
}

// Wait returns how long to wait before attempt n (n counts from 2): with full jitter a random duration up to the
// strategy's value. It panics if n < 2. Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
func (b Backoff) Wait(n int) time.Duration {
	limit := b.limit(n)
	if b.NoJitter {
		return limit
	}
	return rand.N(limit + 1)
}

func (b Backoff) limit(n int) time.Duration {
	if n < 2 {
		panic("queue: backoff is asked for attempt 2 and later")
	}
	base, most := orDuration(b.Base, time.Second), orDuration(b.Max, time.Hour)
	wait := base
	switch b.Strategy {
	case Fixed:
	case Linear:
		if n-1 > int(most/base) {
			return most
		}
		wait = base * time.Duration(n-1)
	default:
		for i := 2; i < n && wait < most; i++ {
			wait *= 2
		}
	}
	return min(wait, most)
}

func orDuration(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// Queue is a named line of pending tasks, with the number of tasks in each state. Completed, Failed and Canceled
// count the tasks that are still kept; the totals never shrink.
type Queue struct {
	Name                 string  `json:"name"`
	Pending              int64   `json:"pending"`
	Assigned             int64   `json:"assigned"`
	Running              int64   `json:"running"`
	Scheduled            int64   `json:"scheduled"`
	Retry                int64   `json:"retry"`
	Completed            int64   `json:"completed"`
	Failed               int64   `json:"failed"`
	Canceled             int64   `json:"canceled"`
	Paused               bool    `json:"paused"`
	PausedAt             *Time   `json:"paused_at,omitempty"`
	OldestPendingSeconds float64 `json:"oldest_pending_seconds"` // 0 where nothing is pending
	SubmittedTotal       int64   `json:"submitted_total"`
	CompletedTotal       int64   `json:"completed_total"`
	FailedTotal          int64   `json:"failed_total"`
	CanceledTotal        int64   `json:"canceled_total"`
	RetriedTotal         int64   `json:"retried_total"`
}

// Time is a moment as the API writes it: RFC 3339 in UTC with milliseconds.
type Time struct{ time.Time }

const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// MarshalJSON writes t in UTC with milliseconds.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(`"` + t.UTC().Format(timeLayout) + `"`), nil
}

// WorkerState is where a worker stands in its life.
type WorkerState string

// The states of a worker.
const (
	WorkerStarting WorkerState = "starting"
	WorkerReady    WorkerState = "ready"
	WorkerDraining WorkerState = "draining"
	WorkerLost     WorkerState = "lost" // silent for longer than the worker time-out: its work was taken away
	WorkerGone     WorkerState = "gone" // stopped by itself, with nothing left to do
)

// Worker is one process (or one remote connection) that runs tasks.
type Worker struct {
	ID              string         `json:"id"`
	Name            string         `json:"name"`
	State           WorkerState    `json:"state"`
	Host            string         `json:"host"`
	PID             int            `json:"pid"`
	Version         string         `json:"version"`
	Slots           int            `json:"slots"`
	Assigned        int            `json:"assigned"`
	Running         int            `json:"running"`
	StartedAt       Time           `json:"started_at"`
	LastHeartbeatAt Time           `json:"last_heartbeat_at"`
	Queues          map[string]int `json:"queues"` // name to weight; "*" stands for every other queue
	Types           []string       `json:"types"`
	CurrentTasks    []CurrentTask  `json:"current_tasks"`      // what it runs, oldest first, at most 20; fewer of each beyond 50 workers, at least 1
	Requeued        int            `json:"requeued,omitempty"` // tasks taken away when it was declared lost
	Drills          bool           `json:"drills"`             // started with --drills: it stops for a drill
	Drill           string         `json:"drill,omitempty"`    // the drill that it was asked to stop for
}

// Load is (assigned + running) / slots.
func (w Worker) Load() float64 { return float64(w.Assigned+w.Running) / float64(max(w.Slots, 1)) }

// CurrentTask is a task that a worker runs now.
type CurrentTask struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Queue     string `json:"queue"`
	Attempt   int    `json:"attempt"`
	StartedAt Time   `json:"started_at"`
}
