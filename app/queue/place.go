package queue

import (
	"context"
	_ "embed"
)

//go:embed place.lua
var placeLua string

var placeScript = NewScript("find a task's place", placeLua)

// MaxPlace is how deep in a line a task's place is looked for: about half a millisecond of Redis.
const MaxPlace = 20_000

// Place is where a pending task stands in its queue's line. The zero value says that nothing is known.
type Place struct {
	At   int64 // about: 1 goes next; 0 where not known, or Deep
	Deep bool  // behind more than MaxPlace
}

// PlaceOf says where a task stands: behind those of its queue with a higher priority, and those of its own that came
// before it, but for those of types that it must not wait for. It is the zero Place where the task is not pending.
func (c *Client) PlaceOf(ctx context.Context, id string) (Place, error) {
	out, err := placeScript.Read(ctx, c, id, MaxPlace)
	if err != nil {
		return Place{}, err
	}
	found, err := Ints(out)
	switch {
	case err != nil || len(found) == 0:
		return Place{}, err
	case len(found) == 1 && found[0] < MaxPlace:
		return Place{At: found[0] + 1}, nil
	}
	return Place{Deep: len(found) == 1 || found[0] >= MaxPlace}, nil
}
