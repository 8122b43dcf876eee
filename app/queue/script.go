package queue

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

//go:embed lib.lua
var libLua string

//go:embed assign.lua
var assignLua string

// Script is one move: the shared library, the assign function where asked for, and the move's own text. It is safe for
// concurrent use.
type Script struct {
	name string
	text string
	made sync.Map // Keys -> *redis.Script: the names of the keys are written into the text
}

// NewScript composes a script of the library and parts, in order; the name is for errors.
func NewScript(name string, parts ...string) *Script {
	return &Script{name: name, text: libText() + strings.Join(parts, "\n")}
}

// NewAssigningScript is NewScript with assign(most) at hand.
func NewAssigningScript(name string, parts ...string) *Script {
	return NewScript(name, append([]string{assignLua}, parts...)...)
}

func libText() string {
	return strings.NewReplacer(
		"KEEP_DONE", fmt.Sprint(DefaultRetention.Milliseconds()),
		"KEEP_FAILED", fmt.Sprint(FailedRetention.Milliseconds()),
	).Replace(libLua) + "\n"
}

func (s *Script) on(k Keys) *redis.Script {
	if made, ok := s.made.Load(k); ok {
		return made.(*redis.Script)
	}
	made, _ := s.made.LoadOrStore(k, redis.NewScript(k.lua(s.text)))
	return made.(*redis.Script)
}

// Run runs the script on the client's cell. Redis that lost its script cache answers NOSCRIPT before anything ran, so
// the second try with the whole text repeats nothing. An error names the move.
func (s *Script) Run(ctx context.Context, c *Client, args ...any) (any, error) {
	out, err := s.on(c.keys).Run(ctx, c.rdb, []string{c.keys.prefix}, args...).Result()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return out, nil
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
