package queue

import (
	"errors"
	"fmt"
)

// The errors of a move. Each is wrapped with the task or queue that it is about: test with errors.Is.
var (
	// ErrNotFound: no such task (never submitted, deleted, or kept no longer), queue or worker.
	ErrNotFound = errors.New("not found")
	// ErrPayloadDiffers: the id is taken by a task with another payload; nothing was written.
	ErrPayloadDiffers = errors.New("the id belongs to a task with another payload")
	// ErrState: the move does not exist from the state that the task is in; nothing was written.
	ErrState = errors.New("not possible in this state")
	// ErrNoDrills: the worker was started without drills, and stops for none; nothing was written.
	ErrNoDrills = errors.New("it was started without --drills, so it stops for no drill")
	// ErrNotReplicated: the move was made by the primary, and too few replicas confirmed it in time: a failover at this
	// moment would lose it. A submit may be sent again with the same ids, and waits for them anew; of another move look
	// what became of it.
	ErrNotReplicated = errors.New("taken by the primary, but not confirmed by enough replicas")
)

// InvalidError names the field of a task that cannot be accepted, what it was and what is wanted.
type InvalidError struct {
	Field string // as in the JSON form: "max_attempts"
	Value string // shortened to 80 bytes
	Want  string // "a whole number from 1 to 1000"
	Large bool   // it would be accepted if it were smaller
}

func (e *InvalidError) Error() string {
	return fmt.Sprintf("%s is %s; wanted: %s", e.Field, e.Value, e.Want)
}
