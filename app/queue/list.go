package queue

import (
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

//go:embed list.lua
var listLua string

var listScript = NewScript("list tasks", listLua)

const (
	// MaxPage is how many tasks one page may have.
	MaxPage = 1000
	// DefaultPage is how many it has where nobody says.
	DefaultPage = 50
	// pageBudget bounds how many entries one script looks at for a filter, some milliseconds, and pageRounds how many
	// such scripts a page may take. A page may therefore hold less than it could, even nothing, and still have a next.
	// scriptPage is how many tasks one script answers with, a millisecond or two.
	pageBudget, pageRounds, scriptPage = 2000, 6, 250
)

// Filter says which tasks to list. Empty fields filter nothing.
type Filter struct {
	State  State  // empty: the newest 10,000 submitted that are kept, in all states
	Queue  string // its name
	Type   string // its name
	Worker string // id of the worker that has the task, or had it last
	Q      string // part of the id
	After  string // Page.Next of the page before
	Limit  int    // 1 to MaxPage; DefaultPage where 0
}

// Page is a part of a listing.
type Page struct {
	Items []Task
	Next  string // for Filter.After; empty on the last page
}

// List lists tasks: pending ones by queue, in the order in which they will run; assigned and running ones by worker;
// scheduled and retry by due time; final ones the newest end first; all states the newest submit first. A task whose
// id is exactly f.Q comes first. A task that moves between two pages may be missed or come twice. The error is an
// *InvalidError where a field of the filter cannot be.
func (c *Client) List(ctx context.Context, f Filter) (Page, error) {
	at, err := f.check()
	if err != nil {
		return Page{}, err
	}
	sources, err := c.sources(ctx, f)
	if err != nil {
		return Page{}, err
	}
	page := Page{Items: []Task{}}
	if err := c.addExact(ctx, f, &page); err != nil {
		return Page{}, err
	}
	for _, src := range sources {
		if src.name < at.Source {
			continue
		}
		if src.name != at.Source {
			at = cursor{Source: src.name}
		}
		more, err := c.addPage(ctx, f, src, &at, &page)
		if err != nil {
			return Page{}, err
		}
		if more {
			page.Next = at.text()
			return page, nil
		}
	}
	return page, nil
}

// cursor is where a page ended: the source, how many of its entries were seen, and the last of them.
type cursor struct {
	Source string `json:"s"`
	Skip   int64  `json:"n"`
	Last   string `json:"i"`
}

func (at cursor) text() string {
	text, _ := json.Marshal(at) // two strings and a number
	return base64.RawURLEncoding.EncodeToString(text)
}

func (f *Filter) check() (at cursor, err error) {
	if f.State != "" && !f.State.Valid() {
		return at, invalid("state", quote(string(f.State)), "one of scheduled, pending, assigned, running, retry, completed, failed, canceled")
	}
	for _, name := range []struct{ field, value string }{{"queue", f.Queue}, {"type", f.Type}} {
		if name.value != "" && !ValidName(name.value) {
			return at, invalid(name.field, quote(name.value), NameRule)
		}
	}
	for _, id := range []struct{ field, value string }{{"q", f.Q}, {"worker", f.Worker}} {
		if id.value != "" && !ValidID(id.value) && !partOfAddress(id.value) { // a part of an id may be just these
			return at, invalid(id.field, quote(id.value), IDRule)
		}
	}
	if f.Limit == 0 {
		f.Limit = DefaultPage
	}
	if f.Limit < 1 || f.Limit > MaxPage {
		return at, invalid("limit", fmt.Sprint(f.Limit), fmt.Sprintf("a whole number from 1 to %d", MaxPage))
	}
	if f.After == "" {
		return at, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(f.After)
	if err == nil {
		err = json.Unmarshal(text, &at)
	}
	if err != nil || at.Skip < 0 || at.Source == "" {
		return at, invalid("after", quote(f.After), "the next of the page before, as it was given")
	}
	return at, nil
}

// source is a list or set that holds tasks of the state that code stands for, or of all where it is "". Sources are
// listed in the order of their names.
type source struct{ name, kind, key, code string }

func (c *Client) sources(ctx context.Context, f Filter) ([]source, error) {
	switch {
	case f.Worker != "" && (f.State == Assigned || f.State == Running):
		return []source{{name: "w", kind: "list", key: c.keys.Processing(f.Worker), code: f.State.letter()}}, nil
	case f.State == Pending:
		return c.lanes(ctx, f.Queue)
	case f.State == Assigned, f.State == Running:
		return c.workerLists(ctx, f.State)
	case f.State == Scheduled, f.State == Retry:
		return []source{{name: "i", kind: "up", key: c.keys.Index(f.State), code: f.State.letter()}}, nil
	case f.State.Final():
		return []source{{name: "i", kind: "down", key: c.keys.Index(f.State), code: f.State.letter()}}, nil
	default:
		return []source{{name: "i", kind: "list", key: c.keys.Recent()}}, nil
	}
}

// lanes lists the lanes of a queue, or of all, the urgent ones first.
func (c *Client) lanes(ctx context.Context, queue string) ([]source, error) {
	queues := []string{queue}
	if queue == "" {
		var err error
		if queues, err = c.members(ctx, c.keys.Backlog()); err != nil {
			return nil, fmt.Errorf("list queues: %w", err)
		}
	}
	var sources []source
	for _, q := range queues {
		lanes, err := c.members(ctx, c.keys.Lanes(q))
		if err != nil {
			return nil, fmt.Errorf("list the lanes of queue %s: %w", q, err)
		}
		for _, lane := range lanes {
			order := string('9' - lane[0] + '0') // 9 comes first
			sources = append(sources, source{q + "#" + order + lane[1:], "list", c.keys.TaskQueue(q, lane), Pending.letter()})
		}
	}
	return sorted(sources), nil
}

func (c *Client) members(ctx context.Context, key string) ([]string, error) {
	return again(ctx, func() ([]string, error) { return c.rdb.SMembers(ctx, key).Result() })
}

func (c *Client) workerLists(ctx context.Context, s State) ([]source, error) {
	ids, err := again(ctx, func() ([]string, error) { return c.rdb.ZRange(ctx, c.keys.Workers(), 0, -1).Result() })
	if err != nil {
		return nil, fmt.Errorf("list workers: %w", err)
	}
	sources := make([]source, len(ids))
	for i, id := range ids {
		sources[i] = source{"w" + id, "list", c.keys.Processing(id), s.letter()}
	}
	return sorted(sources), nil
}

func sorted(sources []source) []source {
	slices.SortFunc(sources, func(a, b source) int { return strings.Compare(a.name, b.name) })
	return sources
}

func (s State) letter() string {
	if code := s.code(); code != 0 {
		return string(code)
	}
	return ""
}

// addPage adds what it finds in one source from at on, and moves at. It reports whether the source has more.
func (c *Client) addPage(ctx context.Context, f Filter, src source, at *cursor, page *Page) (bool, error) {
	for round := 0; round < pageRounds+len(page.Items)/scriptPage; round++ {
		room := f.Limit - len(page.Items)
		if room <= 0 {
			return true, nil
		}
		if more, err := c.readPage(ctx, f, src, at, min(room, scriptPage), page); err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

func (c *Client) readPage(ctx context.Context, f Filter, src source, at *cursor, room int, page *Page) (bool, error) {
	out, err := listScript.Read(ctx, c, src.kind, src.key, at.Skip, at.Last, room, pageBudget, src.code, f.Queue, f.Type,
		f.Q, f.Worker, "")
	if err != nil {
		return false, err
	}
	fields, err := Strings(out)
	if err != nil || len(fields) < 2 {
		return false, fmt.Errorf("list tasks: %d fields: %w", len(fields), err)
	}
	for rest := fields[2:]; len(rest) > taskFields; rest = rest[taskFields+1:] {
		t, err := decodeTask(rest[0], rest[1:taskFields+1])
		if err == nil && t.ID != f.Q { // what cannot be read is told by Get, and spoils no page
			page.Items = append(page.Items, *t)
		}
	}
	next := fields[0]
	if next == "-1" {
		return false, nil
	}
	at.Skip, at.Last = int64(atoi(next)), fields[1]
	return true, nil
}

// addExact puts the task whose id is the text that was asked for on top of the first page.
func (c *Client) addExact(ctx context.Context, f Filter, page *Page) error {
	if f.Q == "" || f.After != "" {
		return nil
	}
	t, err := c.Get(ctx, f.Q)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if (f.State == "" || t.State == f.State) && (f.Queue == "" || t.Queue == f.Queue) &&
		(f.Type == "" || t.Type == f.Type) && (f.Worker == "" || t.WorkerID == f.Worker) {
		page.Items = append(page.Items, *t)
	}
	return nil
}
