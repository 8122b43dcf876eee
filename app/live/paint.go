package live

import (
	"context"
	"errors"
	"time"
)

// framePace is the least time between two frames of /ws/ui. Frames drive the CPU, so many viewers get fewer.
func framePace(viewers int) time.Duration {
	switch {
	case viewers <= 1000:
		return 250 * time.Millisecond
	case viewers <= 5000:
		return 500 * time.Millisecond
	}
	return time.Second
}

// paint renders the topics that somebody looks at, until ctx ends: after a change, at most at the frame pace, and
// once a second for what grows by itself.
func (h *Hub) paint(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	due, armed := time.NewTimer(time.Hour), false
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.dirty:
			if !armed {
				armed = true
				due.Reset(framePace(h.viewers()) - time.Since(last))
			}
		case <-due.C:
			armed, last = false, time.Now()
			h.flush(ctx, true)
		case <-tick.C:
			h.flush(ctx, false)
		}
	}
}

// flush paints all topics with viewers and forgets those that nobody wants. The viewers learn of a store that is away
// by the chrome topic, so a failed load needs no word here.
func (h *Hub) flush(ctx context.Context, load bool) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	for _, t := range h.looked() {
		_, _, _ = t.refresh(ctx, h, load)
	}
}

// looked returns the topics with viewers.
func (h *Hub) looked() []*topic {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []*topic
	for name, t := range h.topics {
		viewers, idle := t.state()
		if idle {
			delete(h.topics, name)
		}
		if viewers > 0 {
			list = append(list, t)
		}
	}
	return list
}

func (h *Hub) viewers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.open
}

// errTooMany refuses a topic beyond maxTopics.
var errTooMany = errors.New("too many different pages are watched")

// topic returns the named topic, made where there is none.
func (h *Hub) topic(name string) (*topic, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.topics[name]; t != nil {
		t.touch()
		return t, nil
	}
	src, err := h.source(name)
	if err != nil {
		return nil, err
	}
	if len(h.topics) >= maxTopics {
		return nil, errTooMany
	}
	t := newTopic(name, src)
	h.topics[name] = t
	return t, nil
}
