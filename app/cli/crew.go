package cli

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// crew keeps the roles of a process: started one after the other, stopped one after the other in reverse.
type crew struct {
	log     *slog.Logger
	members []*member
	ended   chan *member // buffered for every member by its size
}

type member struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{}
	err    error // set before done closes
}

// mostMembers is more than there are roles, so that no member's end ever blocks.
const mostMembers = 16

func newCrew(log *slog.Logger) *crew { return &crew{log: log, ended: make(chan *member, mostMembers)} }

// start runs a role until stop ends its context.
func (c *crew) start(name string, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	m := &member{name: name, cancel: cancel, done: make(chan struct{})}
	c.members = append(c.members, m)
	go func() {
		m.err = run(ctx)
		close(m.done)
		c.ended <- m
	}()
}

// wait returns nil when ctx ends or every role came to its own good end (a drained worker), or the first failure.
func (c *crew) wait(ctx context.Context) error {
	for range c.members {
		select {
		case <-ctx.Done():
			return nil
		case m := <-c.ended:
			if err := m.err; err != nil {
				m.err = nil // the caller tells it; stop need not
				return fmt.Errorf("%s: %w", m.name, err)
			}
			c.log.Warn("role ended by itself, as a drained worker does; it is back when this process starts again", "role", m.name)
		}
	}
	return nil
}

// stop ends the roles in reverse, each when the one before it is done. Every role bounds its own stop.
func (c *crew) stop() {
	for i := len(c.members) - 1; i >= 0; i-- {
		m, began := c.members[i], time.Now()
		m.cancel()
		<-m.done
		c.log.Debug("role stopped", "role", m.name, "took", time.Since(began))
		if m.err != nil {
			c.log.Warn("role did not stop cleanly", "role", m.name, "error", m.err)
		}
	}
}
