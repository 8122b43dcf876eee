package web

import (
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// taskInputDoc is what a submit takes. queue.DecodeTask reads it; this describes it.
type taskInputDoc struct {
	ID          string          `json:"id,omitempty" pattern:"^[A-Za-z0-9_.:-]{1,128}$" doc:"Makes a submit repeatable; a UUIDv7 by default"`
	Type        string          `json:"type,omitempty" pattern:"^[A-Za-z0-9_.:-]{1,64}$" default:"echo" doc:"Names the handler that runs the task"`
	Queue       string          `json:"queue,omitempty" pattern:"^[A-Za-z0-9_.:-]{1,64}$" default:"default" doc:"The line that it waits in"`
	Payload     json.RawMessage `json:"payload,omitempty" doc:"Any JSON, at most 1 MiB"`
	Priority    int             `json:"priority,omitempty" minimum:"0" maximum:"9" default:"5" doc:"9 is most urgent, 0 least"`
	Delay       float64         `json:"delay_seconds,omitempty" minimum:"0" maximum:"31536000" doc:"Start no earlier than this after the submit; excludes run_at"`
	RunAt       string          `json:"run_at,omitempty" format:"date-time" doc:"Start no earlier than this; excludes delay_seconds"`
	Timeout     float64         `json:"timeout_seconds,omitempty" minimum:"0.001" maximum:"31536000" default:"1800" doc:"The longest that one attempt may take"`
	MaxAttempts int             `json:"max_attempts,omitempty" minimum:"1" maximum:"1000" default:"5" doc:"Attempts in all"`
	MaxRetries  int             `json:"max_retries,omitempty" minimum:"0" maximum:"999" doc:"Another way to say max_attempts: attempts after the first"`
	Retention   float64         `json:"retention_seconds,omitempty" minimum:"0.001" maximum:"31536000" doc:"How long it is kept once final; an hour by default, failed a week"`
	Backoff     *backoffDoc     `json:"backoff,omitempty" doc:"The wait between attempts"`
	Tags        []string        `json:"tags,omitempty" maxItems:"16" nullable:"false" doc:"For people"`
}

// backoffDoc describes queue.Backoff.
type backoffDoc struct {
	Strategy string  `json:"strategy,omitempty" enum:"exponential,linear,fixed" default:"exponential" doc:"How the wait grows"`
	Base     float64 `json:"base_seconds,omitempty" minimum:"0.001" maximum:"31536000" default:"1" doc:"The first wait"`
	Max      float64 `json:"max_seconds,omitempty" minimum:"0.001" maximum:"31536000" default:"3600" doc:"The longest wait"`
	Jitter   bool    `json:"jitter,omitempty" default:"true" doc:"A random part of the wait and not all of it"`
}

// taskDoc describes what queue.Task.MarshalJSON writes.
type taskDoc struct {
	ID              string          `json:"id"`
	Type            string          `json:"type"`
	Queue           string          `json:"queue"`
	Payload         json.RawMessage `json:"payload" doc:"Any JSON, as it was submitted"`
	Priority        int             `json:"priority" minimum:"0" maximum:"9"`
	State           string          `json:"state" enum:"scheduled,pending,assigned,running,retry,completed,failed,canceled"`
	Reason          *string         `json:"reason" doc:"Why it failed or was canceled"`
	Attempt         int             `json:"attempt" doc:"Attempts started so far"`
	MaxAttempts     int             `json:"max_attempts"`
	Losses          int             `json:"losses" doc:"Workers lost under this task"`
	Timeout         float64         `json:"timeout_seconds"`
	Retention       *float64        `json:"retention_seconds" doc:"null where the server decides"`
	Backoff         backoffDoc      `json:"backoff"`
	RunAt           *string         `json:"run_at" format:"date-time"`
	CreatedAt       string          `json:"created_at" format:"date-time"`
	AssignedAt      *string         `json:"assigned_at" format:"date-time"`
	StartedAt       *string         `json:"started_at" format:"date-time"`
	FinishedAt      *string         `json:"finished_at" format:"date-time"`
	WorkerID        *string         `json:"worker_id"`
	Result          json.RawMessage `json:"result" doc:"What its handler returned"`
	Error           *string         `json:"error" doc:"The last attempt's error"`
	Progress        *progressDoc    `json:"progress"`
	CancelRequested bool            `json:"cancel_requested" doc:"Asked to stop, and its handler has not returned yet"`
	Waiting         *string         `json:"waiting" doc:"Why it has not started, in a sentence, with its place in the line where that is why; null in lists and where it is about to"`
	Tags            []string        `json:"tags" nullable:"false"`
}

// progressDoc describes queue.Progress.
type progressDoc struct {
	_       struct{} `nullable:"true"`
	Percent float64  `json:"percent" minimum:"0" maximum:"100"`
	Message string   `json:"message,omitempty"`
}

// attemptDoc describes what queue.Attempt.MarshalJSON writes.
type attemptDoc struct {
	Attempt    int     `json:"attempt" minimum:"1"`
	Outcome    *string `json:"outcome" doc:"ok, error, timeout, lost, canceled or released; null while it runs"`
	WorkerID   string  `json:"worker_id"`
	StartedAt  *string `json:"started_at" format:"date-time"`
	FinishedAt *string `json:"finished_at" format:"date-time"`
	Error      *string `json:"error"`
}

// taskBody is a task in an answer.
type taskBody struct{ *queue.Task }

// Schema describes the task's JSON to huma, which cannot see into MarshalJSON.
func (taskBody) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[taskDoc](), true, "")
}

// attemptBody is an attempt in an answer.
type attemptBody struct{ queue.Attempt }

// Schema describes the attempt's JSON to huma.
func (attemptBody) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[attemptDoc](), true, "")
}

// page is what every list answers: its items, and where the next page starts, null at the end.
type page[T any] struct {
	Items []T     `json:"items" nullable:"false"`
	Next  *string `json:"next" doc:"Pass it as after to get the next page; null at the end"`
}
