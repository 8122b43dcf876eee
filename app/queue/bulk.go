package queue

import (
	"context"
	_ "embed"
	"fmt"
)

//go:embed bulk.lua
var bulkLua string

// actBatch is how many tasks one script moves: some ms of Redis's time.
const actBatch = 100

// bulkScripts are the moves of cancel.go, delete.go and requeue.go, of the next tasks of a selection.
var bulkScripts = map[Action]*Script{
	ActionRetry:  NewAssigningScript("retry tasks", requeueLua, tryLua, keepsSelection(bulkLua)),
	ActionCancel: NewAssigningScript("cancel tasks", cancelLua, tryLua, keepsSelection(bulkLua)),
	ActionDelete: NewScript("delete tasks", deleteLua, tryLua, keepsSelection(bulkLua)),
}

// Act makes the move that a selection was made for on exactly its tasks, those that are still in a state that they were
// selected from, in scripts of some ms each, and returns what was done with the selection in all. A running task that is
// canceled is asked to stop, and Act does not wait for it.
//
// Each script takes the tasks that it moved off the selection. So an Act that was broken off goes on where it stopped when
// it is called again, two at once share the work, and one more when all is done changes nothing and answers the same.
//
// Nothing is changed with ErrNoSelection, a *CountError where count is not the selection's, and an *InvalidError where a is
// not its action. Any other error breaks it off: what was done until then is returned with it.
func (c *Client) Act(ctx context.Context, selection string, a Action, count int) (Acted, error) {
	s, err := c.Selection(ctx, selection)
	switch {
	case err != nil:
		return Acted{}, err
	case s.Action != a:
		return s.Acted, invalid("action", quote(string(a)), "the one that the selection was made for: "+string(s.Action))
	case s.Count != count:
		return s.Acted, &CountError{Given: count, Count: s.Count}
	}
	for acted := s.Acted; ; {
		if acted, err = c.actOnce(ctx, s, acted); err != nil || acted.Left == 0 {
			return acted, err
		}
	}
}

// actOnce runs one script; before is what was done until then. ErrNotReplicated comes with what the script did.
func (c *Client) actOnce(ctx context.Context, s Selection, before Acted) (Acted, error) {
	out, err := bulkScripts[s.Action].Move(ctx, c, s.ID, s.codes, actBatch)
	if out == "unknown" {
		return before, ErrNoSelection
	}
	if out == nil {
		return before, err
	}
	n, wrong := Ints(out)
	if wrong != nil || len(n) != 4 {
		return before, fmt.Errorf("%s: %d numbers: %w", bulkScripts[s.Action].name, len(n), wrong)
	}
	return Acted{Left: int(n[0]), Done: int(n[1]), Skipped: int(n[2]), Gone: int(n[3])}, err
}
