package queue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// taskJSON is a task as the API writes it. What there is not is null.
type taskJSON struct {
	ID               string          `json:"id"`
	Type             string          `json:"type"`
	Queue            string          `json:"queue"`
	Payload          json.RawMessage `json:"payload"`
	Priority         int             `json:"priority"`
	State            State           `json:"state"`
	Reason           *Reason         `json:"reason"`
	Attempt          int             `json:"attempt"`
	MaxAttempts      int             `json:"max_attempts"`
	TimeoutSeconds   float64         `json:"timeout_seconds"`
	RunAt            *Time           `json:"run_at"`
	CreatedAt        *Time           `json:"created_at"`
	AssignedAt       *Time           `json:"assigned_at"`
	StartedAt        *Time           `json:"started_at"`
	FinishedAt       *Time           `json:"finished_at"`
	WorkerID         *string         `json:"worker_id"`
	Result           json.RawMessage `json:"result"`
	Error            *string         `json:"error"`
	Progress         *Progress       `json:"progress"`
	Tags             []string        `json:"tags"`
	Backoff          backoffJSON     `json:"backoff"`
	RetentionSeconds *float64        `json:"retention_seconds"`
	Losses           int             `json:"losses"`
	CancelRequested  bool            `json:"cancel_requested"`
	Waiting          *string         `json:"waiting"`
}

type backoffJSON struct {
	Strategy    Strategy `json:"strategy"`
	BaseSeconds float64  `json:"base_seconds"`
	MaxSeconds  float64  `json:"max_seconds"`
	Jitter      bool     `json:"jitter"`
}

// MarshalJSON writes the task in the API's form.
func (t Task) MarshalJSON() ([]byte, error) {
	out := taskJSON{
		ID: t.ID, Type: t.Type, Queue: t.Queue, Payload: t.Payload, Priority: DefaultPriority, State: t.State,
		Reason: orNull(t.Reason), Attempt: t.Attempt, MaxAttempts: t.MaxAttempts, TimeoutSeconds: t.Timeout.Seconds(),
		RunAt: timeOrNull(t.RunAt), CreatedAt: timeOrNull(t.CreatedAt), AssignedAt: timeOrNull(t.AssignedAt),
		StartedAt: timeOrNull(t.StartedAt), FinishedAt: timeOrNull(t.FinishedAt), WorkerID: orNull(t.WorkerID),
		Result: t.Result, Error: orNull(t.Error), Progress: t.LastProgress, Tags: t.Tags, Losses: t.Losses,
		CancelRequested: t.CancelRequested, Waiting: orNull(t.Waiting),
		Backoff: backoffJSON{
			Strategy: t.Backoff.Strategy, Jitter: !t.Backoff.NoJitter,
			BaseSeconds: orDuration(t.Backoff.Base, time.Second).Seconds(),
			MaxSeconds:  orDuration(t.Backoff.Max, time.Hour).Seconds(),
		},
	}
	if t.Priority != nil {
		out.Priority = *t.Priority
	}
	if out.Backoff.Strategy == "" {
		out.Backoff.Strategy = Exponential
	}
	if out.Tags == nil {
		out.Tags = []string{}
	}
	if t.Retention > 0 {
		out.RetentionSeconds = new(t.Retention.Seconds())
	}
	return PlainJSON(out)
}

// PlainJSON is json.Marshal that leaves <, > and & as they are: a payload must come out byte for byte, because two
// submits are the same only where their payloads' bytes are.
func PlainJSON(v any) ([]byte, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

// UnmarshalJSON reads the API's form, as a client gets it. For what a user submits use DecodeTask, which says what is
// wrong with it.
func (t *Task) UnmarshalJSON(text []byte) error {
	var in taskJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return fmt.Errorf("read a task: %w", err)
	}
	for _, s := range []float64{in.TimeoutSeconds, orZero(in.RetentionSeconds), in.Backoff.BaseSeconds, in.Backoff.MaxSeconds} {
		if s < 0 || s > mostSeconds {
			return fmt.Errorf("read a task: %v seconds are no duration", s)
		}
	}
	if string(in.Result) == "null" {
		in.Result = nil
	}
	*t = Task{
		ID: in.ID, Type: in.Type, Queue: in.Queue, Payload: in.Payload, Priority: &in.Priority, State: in.State,
		Reason: orZero(in.Reason), Attempt: in.Attempt, MaxAttempts: in.MaxAttempts, Timeout: seconds(in.TimeoutSeconds),
		RunAt: orZero(in.RunAt).Time, CreatedAt: orZero(in.CreatedAt).Time, AssignedAt: orZero(in.AssignedAt).Time,
		StartedAt: orZero(in.StartedAt).Time, FinishedAt: orZero(in.FinishedAt).Time, WorkerID: orZero(in.WorkerID),
		Result: in.Result, Error: orZero(in.Error), LastProgress: in.Progress, Tags: in.Tags, Losses: in.Losses,
		CancelRequested: in.CancelRequested, Waiting: orZero(in.Waiting), Retention: seconds(orZero(in.RetentionSeconds)),
		Backoff: Backoff{
			Strategy: in.Backoff.Strategy, Base: seconds(in.Backoff.BaseSeconds),
			Max: seconds(in.Backoff.MaxSeconds), NoJitter: !in.Backoff.Jitter,
		},
	}
	return nil
}

// attemptJSON is an attempt as the API writes it.
type attemptJSON struct {
	Attempt    int      `json:"attempt"`
	Outcome    *Outcome `json:"outcome"` // null while it runs
	WorkerID   string   `json:"worker_id"`
	StartedAt  *Time    `json:"started_at"`
	FinishedAt *Time    `json:"finished_at"`
	Error      *string  `json:"error"`
}

// MarshalJSON writes the attempt in the API's form.
func (a Attempt) MarshalJSON() ([]byte, error) {
	return json.Marshal(attemptJSON{
		Attempt: a.Attempt, Outcome: orNull(a.Outcome), WorkerID: a.WorkerID,
		StartedAt: timeOrNull(a.StartedAt), FinishedAt: timeOrNull(a.FinishedAt), Error: orNull(a.Error),
	})
}

// UnmarshalJSON reads the API's form.
func (a *Attempt) UnmarshalJSON(text []byte) error {
	var in attemptJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return fmt.Errorf("read an attempt: %w", err)
	}
	*a = Attempt{
		Attempt: in.Attempt, Outcome: orZero(in.Outcome), WorkerID: in.WorkerID,
		StartedAt: orZero(in.StartedAt).Time, FinishedAt: orZero(in.FinishedAt).Time, Error: orZero(in.Error),
	}
	return nil
}

func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func orZero[T any](v *T) T {
	if v == nil {
		var zero T
		return zero
	}
	return *v
}

func timeOrNull(t time.Time) *Time {
	if t.IsZero() {
		return nil
	}
	return &Time{t}
}

// mostSeconds is about what a time.Duration holds, 285 years. The server's limit is far lower, and its own affair.
const mostSeconds = 9e9

func seconds(s float64) time.Duration { return time.Duration(math.Round(s*1e6)) * time.Microsecond }
