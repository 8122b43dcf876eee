package queue

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
)

//go:embed try.lua
var tryLua string

//go:embed one.lua
var oneLua string

// Action is a move that a user may make on many tasks at once. The zero value is none.
type Action string

// The actions.
const (
	ActionRetry  Action = "retry"  // Redrive: failed, canceled or retry -> pending
	ActionCancel Action = "cancel" // Cancel: any state before the end -> canceled
	ActionDelete Action = "delete" // Delete: any state but assigned and running -> nothing
)

// Actions lists every action, the harmless ones first.
var Actions = []Action{ActionRetry, ActionCancel, ActionDelete}

// From lists the states from which the action's move exists, in the order of a task's life; nil where a is no action.
func (a Action) From() []State {
	switch a {
	case ActionRetry:
		return []State{Retry, Failed, Canceled}
	case ActionCancel:
		return []State{Scheduled, Pending, Assigned, Running, Retry}
	case ActionDelete:
		return []State{Scheduled, Pending, Retry, Completed, Failed, Canceled}
	}
	return nil
}

// Takes reports whether the action's move exists from s.
func (a Action) Takes(s State) bool { return slices.Contains(a.From(), s) }

// Selects lists the states that a filter without a state means for the action: those it exists from, but for a retry only
// the ended ones, since a task that waits for its backoff is retried anyway.
func (a Action) Selects() []State {
	if a == ActionRetry {
		return []State{Failed, Canceled}
	}
	return a.From()
}

// codes are the letters of From's states, as the scripts want them.
func (a Action) codes() string { return codesOf(a.From()) }

func codesOf(states []State) string {
	codes := ""
	for _, s := range states {
		codes += s.letter()
	}
	return codes
}

// selects lists the states that the action takes tasks from under a filter; the error is an *InvalidError.
func (a Action) selects(s State) ([]State, error) {
	switch {
	case a.From() == nil:
		return nil, invalid("action", quote(string(a)), "retry, cancel or delete")
	case s == "":
		return a.Selects(), nil
	case !a.Takes(s):
		return nil, invalid("state", quote(string(s)), fmt.Sprintf("a state from which %s exists: %s", a, list(a.From())))
	}
	return []State{s}, nil
}

// list writes states as in a sentence: "failed, canceled".
func list(states []State) string {
	text := ""
	for i, s := range states {
		if i > 0 {
			text += ", "
		}
		text += string(s)
	}
	return text
}

// ErrNoSelection is ErrNotFound for a selection: it never was, or its time is over.
var ErrNoSelection = fmt.Errorf("no such selection, or it is older than %d minutes: select anew: %w",
	int(SelectionKept.Minutes()), ErrNotFound)

// CountError says that a count does not match; nothing was changed.
type CountError struct {
	Given int // what the caller said
	Count int // how many it is
}

func (e *CountError) Error() string {
	return fmt.Sprintf("count is %d, but the number of tasks is %d; nothing was changed", e.Given, e.Count)
}

// IsNoSelection reports whether err says that there is no such selection.
func IsNoSelection(err error) bool { return errors.Is(err, ErrNoSelection) }
