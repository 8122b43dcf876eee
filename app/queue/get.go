package queue

import (
	"context"
	_ "embed"
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

// leaseFields is how many strings start.lua answers for a task: id, record, state, payload. No state says the same as the
// one before it.
const leaseFields = 4

// Leases are the tasks that a worker's turn was answered with, as they came: Tasks reads them.
type Leases []string

// ReadLeases takes a script's answer for leases.
func ReadLeases(out any) (Leases, error) {
	fields, err := Strings(out)
	if err != nil {
		return nil, err
	}
	if len(fields)%leaseFields != 0 {
		return nil, fmt.Errorf("queue: %d fields are no whole number of leases", len(fields))
	}
	return fields, nil
}

// Len is the number of tasks.
func (l Leases) Len() int { return len(l) / leaseFields }

// Fresh tells whether every one is a task's first attempt, and the task has lost no worker.
func (l Leases) Fresh() bool {
	for f := l; len(f) > 0; f = f[leaseFields:] {
		if f[2] != "" && !strings.HasPrefix(f[2], "r|1|0|") {
			return false
		}
	}
	return true
}

// Tasks reads them. One whose record cannot be read has no Type, and says why in its Error: its worker must report it
// failed.
func (l Leases) Tasks() ([]*Task, error) {
	tasks, state := make([]*Task, 0, l.Len()), ""
	for f := l; len(f) > 0; f = f[leaseFields:] {
		state = orString(f[2], state)
		t, err := decodeTask(f[0], []string{f[1], state, f[3], "", ""})
		if err != nil {
			reason := err.Error()
			t = &Task{ID: f[0], Timeout: DefaultTimeout}
			if err := t.decodeState(state); err != nil {
				return nil, err
			}
			t.Error = reason
		}
		tasks = append(tasks, t)
	}
	return tasks, nil
}

// DecodeLeases reads the tasks of a script's answer: ReadLeases and Tasks in one.
func DecodeLeases(out any) ([]*Task, error) {
	leases, err := ReadLeases(out)
	if err != nil {
		return nil, err
	}
	return leases.Tasks()
}
