package queue

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed select.lua
var selectLua string

var selectScript = NewScript("select tasks", keepsSelection(selectLua))

func keepsSelection(text string) string {
	return strings.ReplaceAll(text, "SELECTION_KEPT", fmt.Sprint(SelectionKept.Milliseconds()))
}

const (
	// MaxSelection is how many tasks a selection may have: some 50 MB of Redis's memory while it is kept.
	MaxSelection = 1_000_000
	// SelectionKept is how long a selection is kept after it was made or last acted on: long enough to read a question and
	// to ask a colleague, and short enough that the answer is still about the same tasks.
	SelectionKept = 15 * time.Minute
	// selectPage is how many ids one script answers with or keeps, a millisecond or two; sampleSize how many are shown.
	selectPage, sampleSize = 500, 5
)

// Selection is a note of which tasks a user means. Nothing but Act changes a task.
type Selection struct {
	ID     string // for Act
	Action Action // what they were selected for
	Filter Filter // by which; zero where ids were named. After and Limit are empty
	Count  int    // of tasks, each once
	More   bool   // more than MaxSelection matched: these are the first
	Sample []string
	At     time.Time // when it was made, by Redis's clock
	Acted  Acted     // what was done with it
	codes  string    // of the states that its tasks may be moved from
}

// Acted is what was done with a selection so far.
type Acted struct {
	Done    int // moved
	Skipped int // not in a state any more from which they were to be moved
	Gone    int // deleted, or kept no longer
	Left    int // not looked at yet: the action was broken off
}

// about is a selection as Redis keeps it, but for numbers that scripts read.
type about struct {
	Action Action   `json:"action"`
	State  State    `json:"state,omitempty"`
	Queue  string   `json:"queue,omitempty"`
	Type   string   `json:"type,omitempty"`
	Worker string   `json:"worker,omitempty"`
	Q      string   `json:"q,omitempty"`
	More   bool     `json:"more,omitempty"`
	Sample []string `json:"sample,omitempty"`
	Codes  string   `json:"codes"`
}

// Select notes the ids of all tasks that match f and that a's move exists for; f.State empty means a.Selects(). It reads the
// lists in parts of some milliseconds, so a task that moves meanwhile may be missed, and none is noted twice. f.After and
// f.Limit are ignored. The error is an *InvalidError where a or a field of f cannot be.
func (c *Client) Select(ctx context.Context, a Action, f Filter) (Selection, error) {
	f.After, f.Limit = "", 0
	if _, err := f.check(); err != nil {
		return Selection{}, err
	}
	states, err := a.selects(f.State)
	if err != nil {
		return Selection{}, err
	}
	s := newSelecting(c, a, f, states)
	for _, state := range states {
		if err := s.walk(ctx, state); err != nil {
			return Selection{}, err
		}
	}
	return s.finish(ctx)
}

// SelectIDs is Select for tasks that are named: each may come from any state that a's move exists from, and whether it is
// there is seen by Act. At most MaxPage ids; the error is an *InvalidError.
func (c *Client) SelectIDs(ctx context.Context, a Action, ids ...string) (Selection, error) {
	if a.From() == nil {
		return Selection{}, invalid("action", quote(string(a)), "retry, cancel or delete")
	}
	if len(ids) > MaxPage {
		return Selection{}, invalid("id", fmt.Sprintf("given %d times", len(ids)), fmt.Sprintf("at most %d ids", MaxPage))
	}
	s := newSelecting(c, a, Filter{}, a.From())
	for _, id := range ids {
		if !ValidID(id) {
			return Selection{}, invalid("id", quote(id), IDRule)
		}
		if err := s.add(ctx, id); err != nil {
			return Selection{}, err
		}
	}
	return s.finish(ctx)
}

// Selection reads a selection and what was done with it. ErrNoSelection.
func (c *Client) Selection(ctx context.Context, id string) (Selection, error) {
	if !ValidID(id) {
		return Selection{}, ErrNoSelection
	}
	h, err := again(ctx, func() (map[string]string, error) { return c.rdb.HGetAll(ctx, c.keys.Selection(id)).Result() })
	if err != nil {
		return Selection{}, fmt.Errorf("read selection %s: %w", id, err)
	}
	var kept about
	if len(h) == 0 || json.Unmarshal([]byte(h["about"]), &kept) != nil {
		return Selection{}, ErrNoSelection
	}
	s := Selection{
		ID: id, Action: kept.Action, More: kept.More, Sample: kept.Sample, codes: kept.Codes, Count: atoi(h["count"]),
		Filter: Filter{State: kept.State, Queue: kept.Queue, Type: kept.Type, Worker: kept.Worker, Q: kept.Q},
		Acted:  Acted{Done: atoi(h["done"]), Skipped: atoi(h["skipped"]), Gone: atoi(h["gone"])},
	}
	s.Acted.Left = s.Count - s.Acted.Done - s.Acted.Skipped - s.Acted.Gone
	at, _ := strconv.ParseInt(h["at"], 10, 64) // written by the script
	s.At = time.UnixMilli(at).UTC()
	return s, nil
}

// selecting is a selection that is being made.
type selecting struct {
	client *Client
	sel    Selection
	most   int                 // MaxSelection, but in a test
	seen   map[uint64]struct{} // hashes of the ids: a million ids themselves would be 100 MB
	seed   maphash.Seed
	part   []any // ids that are not kept yet
}

func newSelecting(c *Client, a Action, f Filter, from []State) *selecting {
	return &selecting{
		client: c, sel: Selection{ID: rand.Text(), Action: a, Filter: f, codes: codesOf(from)}, most: MaxSelection,
		seen: map[uint64]struct{}{}, seed: maphash.MakeSeed(),
	}
}

// walk adds all tasks in a state. Life goes on meanwhile: who comes to a state that is walked later is met there.
func (s *selecting) walk(ctx context.Context, state State) error {
	f := s.sel.Filter
	f.State = state
	sources, err := s.client.sources(ctx, f)
	if err != nil {
		return err
	}
	for _, src := range sources {
		for at := (cursor{}); at.Skip >= 0 && !s.sel.More; {
			ids, next, err := s.client.readIDs(ctx, f, src, at)
			if err != nil {
				return err
			}
			for _, id := range ids {
				if err := s.add(ctx, id); err != nil {
					return err
				}
			}
			at = next
		}
	}
	return nil
}

// readIDs reads the ids of a part of a source from at on; the cursor's Skip is -1 at the end.
func (c *Client) readIDs(ctx context.Context, f Filter, src source, at cursor) ([]string, cursor, error) {
	out, err := listScript.Read(ctx, c, src.kind, src.key, at.Skip, at.Last, selectPage, pageBudget, src.code, f.Queue, f.Type,
		f.Q, f.Worker, "ids")
	if err != nil {
		return nil, at, err
	}
	fields, err := Strings(out)
	if err != nil || len(fields) < 2 {
		return nil, at, fmt.Errorf("list ids: %d fields: %w", len(fields), err)
	}
	skip, err := strconv.ParseInt(fields[0], 10, 64)
	return fields[2:], cursor{Skip: skip, Last: fields[1]}, err
}

func (s *selecting) add(ctx context.Context, id string) error {
	hash := maphash.String(s.seed, id)
	if _, twice := s.seen[hash]; twice {
		return nil
	}
	if s.sel.Count == s.most {
		s.sel.More = true
		return nil
	}
	s.seen[hash] = struct{}{}
	s.sel.Count++
	if len(s.sel.Sample) < sampleSize {
		s.sel.Sample = append(s.sel.Sample, id)
	}
	if s.part = append(s.part, id); len(s.part) < selectPage {
		return nil
	}
	_, err := s.keep(ctx, "")
	return err
}

// keep sends the ids of a part, and returns the time.
func (s *selecting) keep(ctx context.Context, text string) (time.Time, error) {
	args := slices.Concat([]any{s.sel.ID, s.sel.Count - len(s.part), text}, s.part)
	out, err := selectScript.Read(ctx, s.client, args...)
	if err != nil {
		return time.Time{}, err
	}
	s.part = s.part[:0]
	n, err := Ints(out)
	if err != nil || len(n) != 2 || int(n[0]) != s.sel.Count {
		return time.Time{}, fmt.Errorf("select tasks: Redis kept %d of %d ids: %w", n, s.sel.Count, err)
	}
	return time.UnixMilli(n[1]).UTC(), nil
}

func (s *selecting) finish(ctx context.Context) (Selection, error) {
	f := s.sel.Filter
	text, err := json.Marshal(about{
		s.sel.Action, f.State, f.Queue, f.Type, f.Worker, f.Q, s.sel.More, s.sel.Sample, s.sel.codes,
	})
	if err != nil {
		return Selection{}, fmt.Errorf("select tasks: %w", err)
	}
	s.sel.At, err = s.keep(ctx, string(text))
	s.sel.Acted.Left = s.sel.Count
	return s.sel, err
}
