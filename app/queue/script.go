package queue

import (
	"context"
	"crypto/rand"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

//go:embed lib.lua
var libLua string

//go:embed unlist.lua
var unlistLua string

//go:embed lanes.lua
var lanesLua string

//go:embed assign.lua
var assignLua string

//go:embed ready.lua
var readyLua string

// Script is one move: what it needs of the shared library, and its own text. It is safe for concurrent use.
type Script struct {
	name string
	text string
	once bool     // the last argument is the operation's id: see Once
	made sync.Map // Keys -> *redis.Script: the names of the keys are written into the text
}

// NewScript composes a script of the library and parts, in order; the name is for errors.
func NewScript(name string, parts ...string) *Script {
	text := strings.Join(parts, "\n")
	return &Script{name: name, text: link(libText(), text, "") + text}
}

// NewAssigningScript is NewScript with assign(most, claim) at hand. What of the library only the assigning needs is made
// with it, where a worker has room.
func NewAssigningScript(name string, parts ...string) *Script {
	text := readyLua + strings.Join(parts, "\n")
	needed, assigning := link(libText(), text, ""), lanesLua+assignLua
	maker := "local function make_assign()\n" + link(libText(), assigning, needed) + assigning + "return assign_now\nend\n"
	return &Script{name: name, text: needed + maker + text}
}

func libText() string {
	return strings.NewReplacer(
		"KEEP_DONE", fmt.Sprint(DefaultRetention.Milliseconds()),
		"KEEP_FAILED", fmt.Sprint(FailedRetention.Milliseconds()),
	).Replace(libLua + unlistLua)
}

func (s *Script) on(k Keys) *redis.Script {
	if made, ok := s.made.Load(k); ok {
		return made.(*redis.Script)
	}
	made, _ := s.made.LoadOrStore(k, redis.NewScript(k.lua(s.text)))
	return made.(*redis.Script)
}

// Run sends the script to the client's cell, once: its reply may be lost although it ran. It is for those who have a way
// of their own to repeat it. Redis that lost its script cache answers NOSCRIPT before anything ran, and a Cluster that
// moves the cell to another node refuses the script whole, so these are hidden, the latter for up to 3 s. An error names the move.
func (s *Script) Run(ctx context.Context, c *Client, args ...any) (any, error) {
	return s.named(s.send(ctx, c, s.identified(args)))
}

// Read is Run for a script that only reads, or does nothing the second time: where the connection breaks, or Redis takes
// nothing at this moment, it is sent again, up to three times in all.
func (s *Script) Read(ctx context.Context, c *Client, args ...any) (any, error) {
	args = s.identified(args)
	return s.named(again(ctx, func() (any, error) { return s.send(ctx, c, args) }))
}

// Move is Read for a user's move, which must be safe to repeat: by itself, or made so by Once. With a client that waits
// for replicas it returns when they have confirmed the move, else ErrNotReplicated along with the answer.
func (s *Script) Move(ctx context.Context, c *Client, args ...any) (any, error) {
	if c.waitReplicas == 0 {
		return s.Read(ctx, c, args...)
	}
	args = s.identified(args)
	return s.named(again(ctx, func() (any, error) {
		return c.settled(ctx, func() (any, error) { return s.sendAndWait(ctx, c, args) })
	}))
}

func (s *Script) send(ctx context.Context, c *Client, args []any) (any, error) {
	return c.settled(ctx, func() (any, error) {
		return s.on(c.keys).Run(ctx, c.rdb, c.declared, args...).Result()
	})
}

// identified adds a new operation id where the script is made once.
func (s *Script) identified(args []any) []any {
	if !s.once {
		return args
	}
	return append(slices.Clip(args), rand.Text())
}

func (s *Script) named(out any, err error) (any, error) {
	if err != nil {
		err = fmt.Errorf("%s: %w", s.name, err)
	}
	return out, err
}

// Ints reads a script's answer that is a list of whole numbers.
func Ints(out any) ([]int64, error) {
	list, ok := out.([]any)
	if !ok {
		return nil, fmt.Errorf("queue: a script answered %T, not a list", out)
	}
	ints := make([]int64, len(list))
	for i, v := range list {
		if ints[i], ok = v.(int64); !ok {
			return nil, fmt.Errorf("queue: a script answered %T, not a number", v)
		}
	}
	return ints, nil
}

// Strings reads a script's answer that is a list of strings; what is missing is "".
func Strings(out any) ([]string, error) {
	list, ok := out.([]any)
	if !ok {
		return nil, fmt.Errorf("queue: a script answered %T, not a list", out)
	}
	texts := make([]string, len(list))
	for i, v := range list {
		switch v := v.(type) {
		case string:
			texts[i] = v
		case int64:
			texts[i] = fmt.Sprint(v)
		case nil:
		default:
			return nil, fmt.Errorf("queue: a script answered %T, not a string", v)
		}
	}
	return texts, nil
}
