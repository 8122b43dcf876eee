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
			return answers, errors.Join(err, batch.land())
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

// submission puts the tasks of one Submit into chunks, in their order. One is under way at a time, and the next is put
// together meanwhile.
type submission struct {
	client  *Client
	answers []Submitted
	next    chunk
	flying  *chunk // nil where none is under way

	unconfirmed error // ErrNotReplicated, wrapped, where one of the scripts ended with it
}

// chunk is what one script takes of a submission, and where its answers go.
type chunk struct {
	part
	at []int // answers[at[i]] is for the part's task i
}

// chunkBytes bounds what one script is sent, so that large payloads do not add up to a pause.
const chunkBytes = 4 << 20

func (s *submission) add(ctx context.Context, i int, t *Task) error {
	tail, large, err := t.recordTail()
	if err != nil {
		return fmt.Errorf("submit task %s: %w", t.ID, err)
	}
	if s.next.tasks == submitChunk || s.next.bytes+len(t.Payload) > chunkBytes {
		if err := s.launch(ctx); err != nil {
			return err
		}
	}
	c := &s.next
	c.args = append(c.args, t.ID, t.recordHead(), tail)
	if large != "" || t.Delay > 0 || !t.RunAt.IsZero() {
		var runAt int64
		if !t.RunAt.IsZero() {
			runAt = t.RunAt.UnixMilli()
		}
		c.more = append(c.more, extra{c.tasks, large, t.Delay.Milliseconds(), runAt})
	}
	c.bytes += len(t.Payload)
	c.tasks++
	c.at = append(c.at, i)
	return nil
}

// launch sends the next chunk, when the one before it is answered, and does not wait for its answers.
func (s *submission) launch(ctx context.Context) error {
	if err := s.land(); err != nil || s.next.tasks == 0 {
		return err
	}
	c := s.next
	c.done = make(chan struct{})
	s.next, s.flying = chunk{}, &c
	go func() {
		defer close(c.done)
		s.client.sendParts(ctx, &c.part)
	}()
	return nil
}

// land waits for the answers of the chunk that is under way.
func (s *submission) land() error {
	if s.flying == nil {
		return nil
	}
	c := s.flying
	s.flying = nil
	<-c.done
	return s.settle(c, c.err)
}

// send sends what is left, and returns when everything is answered.
func (s *submission) send(ctx context.Context) error {
	if err := s.land(); err != nil || s.next.tasks == 0 {
		return err
	}
	c := &s.next
	if c.tasks <= groupMost {
		return s.settle(c, s.client.group.commit(ctx, s.client, &c.part))
	}
	s.client.sendParts(ctx, &c.part)
	return s.settle(c, c.err)
}

// settle gives a chunk's answers to those who asked.
func (s *submission) settle(c *chunk, err error) error {
	if errors.Is(err, ErrNotReplicated) {
		s.unconfirmed, err = err, nil // the others are sent all the same
	}
	if err != nil {
		return err
	}
	for i, code := range c.codes {
		s.answers[c.at[i]].settle(code)
	}
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
