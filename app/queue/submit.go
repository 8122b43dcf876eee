package queue

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

//go:embed submit.lua
var submitLua string

// recentTasks is how many of the newest submitted ids are kept in the order of their submission, for listings of all
// states: a few hundred pages, and less than 0.5 MB.
const recentTasks = 10000

var submitScript = NewAssigningScript("submit",
	strings.ReplaceAll(submitLua, "RECENT_TASKS", fmt.Sprint(recentTasks)))

// submitChunk is how many tasks one script takes: some 2 ms of Redis's time.
const submitChunk = 250

// SubmitStatus is what became of one submitted task.
type SubmitStatus int

// What becomes of a submitted task.
const (
	Created  SubmitStatus = iota + 1
	Existed               // the same id and payload were submitted before: it is that task
	Conflict              // the id belongs to a task with another payload: nothing was written
	Invalid               // a field cannot be accepted: nothing was written
)

// Submitted is the answer for one task.
type Submitted struct {
	ID     string
	Status SubmitStatus
	Err    error // ErrPayloadDiffers where Conflict, *InvalidError where Invalid, each wrapped; else nil

	made bool // the id is new: whatever is there already came with a try whose reply was lost
}

// Submit puts tasks on their queues and answers for each, in the order given. The error is for the call as a whole:
// Redis did not answer, also when asked again. Then tasks whose answer has no Status may or may not be there; submitting
// them again with the same ids is safe. Tasks without an ID get a new one on every call.
// ErrNotReplicated comes with a client that waits for replicas: the tasks whose answer has a Status are taken.
func (c *Client) Submit(ctx context.Context, tasks ...Task) ([]Submitted, error) {
	answers := make([]Submitted, len(tasks))
	batch := submission{client: c, answers: answers}
	for i := range tasks {
		t := tasks[i]
		answers[i].made = t.ID == ""
		if err := t.complete(); err != nil {
			answers[i] = Submitted{ID: t.ID, Status: Invalid, Err: err}
			continue
		}
		answers[i].ID = t.ID
		if err := batch.add(ctx, i, &t); err != nil {
			return answers, err
		}
	}
	if err := batch.send(ctx); err != nil {
		return answers, err
	}
	return answers, batch.unconfirmed
}

// complete fills what the submitter left out and checks the rest.
func (t *Task) complete() error {
	if t.ID == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return fmt.Errorf("make an id: %w", err)
		}
		t.ID = id.String()
	}
	t.fillDefaults()
	return t.Validate()
}

func (t *Task) fillDefaults() {
	t.Queue, t.Type = orString(t.Queue, DefaultQueue), orString(t.Type, DefaultType)
	if t.Priority == nil {
		t.Priority = NewPriority(DefaultPriority)
	}
	if t.MaxAttempts == 0 {
		t.MaxAttempts = DefaultMaxAttempts
	}
	if len(t.Payload) == 0 {
		t.Payload = []byte("null")
	}
}

// NewPriority returns n for Task.Priority.
func NewPriority(n int) *int { return &n }

func orString(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// submission collects the tasks of one script, and where their answers go.
type submission struct {
	client  *Client
	answers []Submitted
	at      []int // answers[at[i]] is for the script's task i
	part    part

	unconfirmed error // ErrNotReplicated, wrapped, where one of the scripts ended with it
}

// chunkBytes bounds what one script is sent, so that large payloads do not add up to a pause.
const chunkBytes = 4 << 20

func (s *submission) add(ctx context.Context, i int, t *Task) error {
	tail, large, err := t.recordTail()
	if err != nil {
		return fmt.Errorf("submit task %s: %w", t.ID, err)
	}
	if len(s.at) == submitChunk || s.part.bytes+len(t.Payload) > chunkBytes {
		if err := s.send(ctx); err != nil {
			return err
		}
	}
	s.part.args = append(s.part.args, t.ID, *t.Priority, t.Queue, t.Type, tail)
	if large != "" || t.Delay > 0 || !t.RunAt.IsZero() {
		var runAt int64
		if !t.RunAt.IsZero() {
			runAt = t.RunAt.UnixMilli()
		}
		s.part.more = append(s.part.more, extra{len(s.at), large, t.Delay.Milliseconds(), runAt})
	}
	s.part.bytes += len(t.Payload)
	s.at = append(s.at, i)
	return nil
}

func (s *submission) send(ctx context.Context) error {
	if len(s.at) == 0 {
		return nil
	}
	p := s.part
	p.tasks = len(s.at)
	var err error
	if p.tasks <= groupMost {
		err = s.client.group.commit(ctx, s.client, &p)
	} else {
		s.client.sendParts(ctx, &p)
		err = p.err
	}
	if errors.Is(err, ErrNotReplicated) {
		s.unconfirmed, err = err, nil // the others are sent all the same
	}
	if err != nil {
		return err
	}
	for i, code := range p.codes {
		s.answers[s.at[i]].settle(code)
	}
	s.at, s.part = s.at[:0], part{}
	return nil
}

func (a *Submitted) settle(code int64) {
	switch code {
	case 1:
		a.Status = Created
	case 0:
		if a.Status = Existed; a.made {
			a.Status = Created
		}
	default:
		a.Status, a.Err = Conflict, fmt.Errorf("task %s: %w", a.ID, ErrPayloadDiffers)
	}
}
