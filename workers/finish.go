package workers

import (
	_ "embed"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed finish.lua
var finishLua string

// Kind is what becomes of a task by a report.
type Kind string

// The kinds of a report. A task that was asked to stop is canceled whatever the kind.
const (
	Complete Kind = "ok"
	Retry    Kind = "retry"   // again after Delay
	Fail     Kind = "fail"    // final, for Reason
	Release  Kind = "release" // back to the head of its queue, the attempt not spent
	Cancel   Kind = "cancel"
)

// Report is how one attempt ended, and what is to become of its task.
type Report struct {
	TaskID  string
	Attempt int
	Kind    Kind
	Delay   time.Duration // Retry
	Reason  queue.Reason  // Fail
	Outcome queue.Outcome
	Error   string // at most 4 KiB
	Result  string // Complete: JSON, at most 1 MiB; "" for null
}

// Verdict is the answer to a report.
type Verdict int64

// The answers to a report. Refused: the task is not this worker's any more, or the attempt is another one.
const (
	Refused Verdict = iota
	Recorded
	RecordedBefore
)
