package queue

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"
)

// part is what one Submit puts into one script: its tasks, and then their answers.
type part struct {
	args  []any   // of submit.lua, three a task
	more  []extra // of some of the tasks
	tasks int
	bytes int // of the payloads

	codes []int64       // one a task
	err   error         // with ErrNotReplicated, wrapped, there are codes too
	done  chan struct{} // closed when codes and err are there
}

// extra is what few tasks have.
type extra struct {
	task         int    // its place in the part, from 0
	large        string // a payload that does not stand in the record
	delay, runAt int64  // ms
}

// groupMost is how many tasks a part may have to be sent with others; a larger one fills a script of its own.
const groupMost = 64

// group commits the submits of many goroutines together. Who comes alone sends at once. Who comes while a script is under
// way goes into the next one, with all others that came meanwhile: writes are grouped without being delayed, and a
// goroutine alone never waits. Two scripts at once would each hold half of the tasks, and cost Redis more than they gain.
type group struct {
	mu     sync.Mutex
	flying bool
	since  time.Time // when the script that is under way was sent
	waits  []*part
}

// gatherTries is how often a script waits in vain for more from those that the one before it answered, each time as long as
// others have something to do.
const gatherTries = 3

// stalled is how long a script may be under way before who comes sends alone: its connection may be dead, or it waits for a
// replica.
const stalled = 50 * time.Millisecond

// commit returns p's error once it is answered, or ctx's: then its tasks may or may not be there.
func (g *group) commit(ctx context.Context, c *Client, p *part) error {
	g.mu.Lock()
	if !g.flying {
		g.flying, g.since = true, time.Now()
		g.mu.Unlock()
		c.sendParts(ctx, p)
		if next := g.take(); next != nil {
			go g.fly(c, next) // #nosec G118: those submits do not end with this one
		}
		return p.err
	}
	if time.Since(g.since) > stalled {
		g.mu.Unlock()
		c.sendParts(ctx, p)
		return p.err
	}
	p.done = make(chan struct{})
	g.waits = append(g.waits, p)
	g.mu.Unlock()
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		g.leave(p)
		return fmt.Errorf("%s: %w", submitScript.name, ctx.Err())
	}
}

// fly sends parts, and what came meanwhile, until nobody waits. Its context is nobody's: one caller's hurry is not
// another's.
func (g *group) fly(c *Client, parts []*part) {
	for ; parts != nil; parts = g.take() {
		c.sendParts(context.Background(), parts...)
		for _, p := range parts {
			close(p.done)
		}
		g.gather()
	}
}

// gather lets those that were answered come back with more for the next script, as long as they do so at once.
func (g *group) gather() {
	for before, still := -1, 0; still < gatherTries; still++ {
		runtime.Gosched()
		if now := g.waiting(); now > before {
			before, still = now, 0
		}
	}
}

func (g *group) waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waits)
}

// take gives the parts of the next script, in the order in which they came; nil, where nobody waits, ends the flight.
func (g *group) take() []*part {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, tasks, bytes := 0, 0, 0
	for _, p := range g.waits {
		if tasks, bytes = tasks+p.tasks, bytes+p.bytes; n > 0 && (tasks > submitChunk || bytes > chunkBytes) {
			break
		}
		n++
	}
	if n == 0 {
		g.flying = false
		return nil
	}
	g.since = time.Now()
	parts := slices.Clone(g.waits[:n])
	g.waits = slices.Delete(g.waits, 0, n)
	return parts
}

// leave takes a part back that was not sent.
func (g *group) leave(p *part) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.waits, p); i >= 0 {
		g.waits = slices.Delete(g.waits, i, i+1)
	}
}

// sendParts sends parts in one script and gives each its answers.
func (c *Client) sendParts(ctx context.Context, parts ...*part) {
	tasks, size := 0, 1
	for _, p := range parts {
		tasks, size = tasks+p.tasks, size+len(p.args)+4*len(p.more)
	}
	args := append(make([]any, 0, size), tasks)
	for _, p := range parts {
		args = append(args, p.args...)
	}
	before := 0
	for _, p := range parts {
		for _, m := range p.more {
			args = append(args, before+m.task+1, m.large, m.delay, m.runAt)
		}
		before += p.tasks
	}
	codes, err := c.submit(ctx, tasks, args)
	for _, p := range parts {
		p.err = err
		if len(codes) > 0 {
			p.codes, codes = codes[:p.tasks:p.tasks], codes[p.tasks:]
		}
	}
}

// submit runs the script for n tasks. There are n codes where the error is nil or wraps ErrNotReplicated, else none.
func (c *Client) submit(ctx context.Context, n int, args []any) ([]int64, error) {
	out, err := submitScript.Move(ctx, c, args...)
	if err != nil && !errors.Is(err, ErrNotReplicated) {
		return nil, err
	}
	codes, wrong := Ints(out)
	if wrong != nil || len(codes) != n {
		return nil, fmt.Errorf("submit: %d answers for %d tasks: %w", len(codes), n, wrong)
	}
	return codes, err
}
