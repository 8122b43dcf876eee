package queue

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// get.lua reads tasks as they are at one moment.
//
//go:embed get.lua
var getLua string

var getScript = NewScript("get", getLua)

// getChunk bounds how many tasks one script reads: with the largest payloads and results some 100 MB would be moved
// for more.
const getChunk = 100

// Get reads one task. ErrNotFound where it is not there.
func (c *Client) Get(ctx context.Context, id string) (*Task, error) {
	out, err := getScript.Read(ctx, c, id)
	if err != nil {
		return nil, err
	}
	fields, err := Strings(out)
	if err != nil || len(fields) != taskFields {
		return nil, fmt.Errorf("task %s: %d fields: %w", id, len(fields), err)
	}
	if fields[0] == "" {
		return nil, fmt.Errorf("task %s: %w", id, ErrNotFound)
	}
	return decodeTask(id, fields)
}

// GetMany reads tasks in the order of ids; those that are not there, or cannot be read, are nil.
func (c *Client) GetMany(ctx context.Context, ids []string) ([]*Task, error) {
	tasks := make([]*Task, 0, len(ids))
	for from := 0; from < len(ids); from += getChunk {
		part := ids[from:min(from+getChunk, len(ids))]
		args := make([]any, len(part))
		for i, id := range part {
			args[i] = id
		}
		out, err := getScript.Read(ctx, c, args...)
		if err != nil {
			return nil, err
		}
		read, err := decodeTasks(part, out)
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, read...)
	}
	return tasks, nil
}

// taskFields is how many strings the scripts answer for a task: record, state, payload, result, progress.
const taskFields = 5

func decodeTasks(ids []string, out any) ([]*Task, error) {
	fields, err := Strings(out)
	if err != nil {
		return nil, err
	}
	if len(fields) != taskFields*len(ids) {
		return nil, fmt.Errorf("queue: %d fields for %d tasks", len(fields), len(ids))
	}
	tasks := make([]*Task, len(ids))
	for i, id := range ids {
		f := fields[taskFields*i : taskFields*(i+1)]
		if t, err := decodeTask(id, f); f[0] != "" && err == nil {
			tasks[i] = t
		}
	}
	return tasks, nil
}

func decodeTask(id string, f []string) (*Task, error) {
	t, err := DecodeRecord(id, f[0], f[2])
	if err != nil {
		return nil, err
	}
	if err := t.decodeState(f[1]); err != nil {
		return nil, err
	}
	if f[3] != "" {
		t.Result = []byte(f[3])
	}
	if percent, message, ok := strings.Cut(f[4], "|"); ok {
		p, _ := strconv.ParseFloat(percent, 64)
		t.LastProgress = &Progress{Percent: percentage(p), Message: message}
	}
	return t, nil
}

// Attempts reads a task's attempts, oldest first: the finished ones, then the one that runs or that completed it. A
// task that was redriven counts from 1 again, behind its older attempts. ErrNotFound.
func (c *Client) Attempts(ctx context.Context, id string) ([]Attempt, error) {
	t, err := c.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	text, err := again(ctx, func() (string, error) { return c.rdb.HGet(ctx, c.keys.prefix+nameAttempts, id).Result() })
	if err != nil && !IsNil(err) {
		return nil, fmt.Errorf("read the attempts of task %s: %w", id, err)
	}
	attempts, err := decodeAttempts(text)
	if err != nil {
		return nil, err
	}
	switch t.State {
	case Running:
		if n := len(attempts); n > 0 && t.isAttempt(attempts[n-1]) {
			return attempts, nil // it ended between the two reads
		}
		attempts = append(attempts, Attempt{Attempt: t.Attempt, WorkerID: t.WorkerID, StartedAt: t.StartedAt})
	case Completed:
		attempts = append(attempts, Attempt{
			Attempt: t.Attempt, Outcome: OutcomeOK, WorkerID: t.WorkerID,
			StartedAt: t.StartedAt, FinishedAt: t.FinishedAt,
		})
	}
	return attempts, nil
}

// isAttempt tells whether a is the attempt that runs.
func (t *Task) isAttempt(a Attempt) bool {
	return a.Attempt == t.Attempt && a.WorkerID == t.WorkerID && a.StartedAt.Equal(t.StartedAt)
}

// Leases are the tasks that a worker's turn was answered with, as they came: Tasks reads them.
type Leases struct {
	tasks []string // two a task: id, record
	odd   []string // three each: the number of a task from 1, the state record of it and those behind it, its payload where it stands apart
}

// ReadLeases takes what turn.lua answers for leases: two lists.
func ReadLeases(tasks, odd any) (l Leases, err error) {
	if l.tasks, err = Strings(tasks); err != nil {
		return Leases{}, err
	}
	if l.odd, err = Strings(odd); err != nil {
		return Leases{}, err
	}
	if len(l.tasks)%2 != 0 || len(l.odd)%3 != 0 {
		return Leases{}, fmt.Errorf("queue: %d and %d fields are no whole number of leases", len(l.tasks), len(l.odd))
	}
	return l, nil
}

// Len is the number of tasks.
func (l Leases) Len() int { return len(l.tasks) / 2 }

// Fresh tells whether every one is a task's first attempt, and the task has lost no worker.
func (l Leases) Fresh() bool {
	for odd := l.odd; len(odd) > 0; odd = odd[3:] {
		if !strings.HasPrefix(odd[1], "r|1|0|") {
			return false
		}
	}
	return true
}

// Tasks reads them. One whose record cannot be read has no Type, and says why in its Error: its worker must report it
// failed. One whose state cannot be read is left out, and the error names it.
func (l Leases) Tasks() ([]*Task, error) {
	tasks, state, odd := make([]*Task, 0, l.Len()), "", l.odd
	var unreadable []error
	for i := range l.Len() {
		large := ""
		if len(odd) > 0 && atoi(odd[0]) == i+1 {
			state, large, odd = odd[1], odd[2], odd[3:]
		}
		task, err := DecodeLease(l.tasks[2*i], l.tasks[2*i+1], state, large)
		if err != nil {
			unreadable = append(unreadable, err)
			continue
		}
		tasks = append(tasks, task)
	}
	return tasks, errors.Join(unreadable...)
}

// DecodeLease reads one task from its record, its state record ("" where it is pending and was never started) and, where it
// does not stand in the record, its payload. One whose record cannot be read has no Type, and says why in its Error.
func DecodeLease(id, record, state, large string) (*Task, error) {
	t, err := decodeTask(id, []string{record, state, large, "", ""})
	if err == nil {
		return t, nil
	}
	t = &Task{ID: id, Timeout: DefaultTimeout}
	if err := t.decodeState(state); err != nil {
		return nil, err
	}
	t.Error = err.Error()
	return t, nil
}
