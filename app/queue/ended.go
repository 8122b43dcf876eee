package queue

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"time"
)

//go:embed ended.lua
var endedLua string

var endedScript = NewScript("list what ended", endedLua)

// endedBudget is how many entries of each state one call looks at: some milliseconds of Redis. A queue that had none of
// them has an empty answer.
const endedBudget = 1000

// Ended is a task that completed or failed, without its payload and result.
type Ended struct {
	ID, Queue, Type, WorkerID        string
	State                            State // Completed or Failed
	Attempt                          int   // the last one's number
	CreatedAt, StartedAt, FinishedAt time.Time
	DueAt                            time.Time // when it could start, where that was after its submit
}

// Wait is how long it stood in line for its last attempt; ok is false where it never started.
func (e Ended) Wait() (d time.Duration, ok bool) {
	since := e.CreatedAt
	if e.DueAt.After(since) {
		since = e.DueAt
	}
	return max(e.StartedAt.Sub(since), 0), !e.StartedAt.IsZero()
}

// Run is how long its last attempt took; ok is false where it never started.
func (e Ended) Run() (d time.Duration, ok bool) {
	return max(e.FinishedAt.Sub(e.StartedAt), 0), !e.StartedAt.IsZero()
}

// EndedOf returns the newest tasks of a queue that completed or failed, the newest end first, at most n (1 or more) of
// the newest 1,000 of each state in all queues.
func (c *Client) EndedOf(ctx context.Context, queue string, n int) ([]Ended, error) {
	return c.ended(ctx, queue, "", n)
}

// EndedOn is EndedOf for what ended on a worker, by its id.
func (c *Client) EndedOn(ctx context.Context, worker string, n int) ([]Ended, error) {
	return c.ended(ctx, "", worker, n)
}

const endedFields = 10

func (c *Client) ended(ctx context.Context, queue, worker string, n int) ([]Ended, error) {
	out, err := endedScript.Read(ctx, c, queue, worker, n, endedBudget)
	if err != nil {
		return nil, err
	}
	f, err := Strings(out)
	if err != nil || len(f)%endedFields != 1 {
		return nil, fmt.Errorf("list what ended: %d fields: %w", len(f), err)
	}
	var d digits
	horizon := d.moment(f[0])
	list := make([]Ended, 0, len(f)/endedFields)
	for f = f[1:]; len(f) > 0; f = f[endedFields:] {
		e := Ended{
			ID: f[0], Queue: f[1], Type: f[2], CreatedAt: d.moment(f[3]), State: stateOf(f[4][0]), Attempt: d.count(f[5]),
			WorkerID: f[6], DueAt: d.moment(f[7]), StartedAt: d.moment(f[8]), FinishedAt: d.moment(f[9]),
		}
		if !e.FinishedAt.Before(horizon) {
			list = append(list, e)
		}
	}
	slices.SortStableFunc(list, func(a, b Ended) int { return b.FinishedAt.Compare(a.FinishedAt) })
	return list[:min(n, len(list))], nil
}
