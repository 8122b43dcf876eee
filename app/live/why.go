package live

import (
	"context"
	"sync"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/views"
)

// The bounds of looking for a task's place, which costs up to half a millisecond of Redis.
const (
	placePace  = 2 * time.Second // between two looks for a watched topic
	mostPlaces = 50              // looks a second for those who ask by the API; beyond it they hear no place
)

// Why says in a sentence why t has not started; "" where it has, is about to, or nothing is known. Its place in the line
// is read for it, unless too many ask: then the sentence comes without.
func (h *Hub) Why(ctx context.Context, t *queue.Task) string {
	l := h.look()
	if !l.known {
		return ""
	}
	var place queue.Place
	if l.snap.InLine(t) && h.places.allow(time.Now()) {
		place, _ = h.client.PlaceOf(ctx, t.ID) // without it the sentence is still true
	}
	return l.why(t, place)
}

// why says what t waits for; t may be nil.
func (l look) why(t *queue.Task, place queue.Place) string {
	if t == nil || !l.known {
		return ""
	}
	at := monitor.Line{Place: place}
	at.Slow, at.Fast = views.OutRates(l.queues[t.Queue], l.now)
	return l.snap.Why(t, at)
}

// linePlace is a watched task's place, read no more often than needed.
type linePlace struct {
	queue.Place
	at time.Time
}

// load reads the place of t where it is pending.
func (p *linePlace) load(ctx context.Context, c *queue.Client, t *queue.Task) error {
	switch {
	case t.State != queue.Pending:
		*p = linePlace{}
		return nil
	case time.Since(p.at) < placePace:
		return nil
	}
	place, err := c.PlaceOf(ctx, t.ID)
	if err == nil {
		*p = linePlace{place, time.Now()}
	}
	return err
}

// pacer allows so many acts a second.
type pacer struct {
	mu     sync.Mutex
	second int64
	n      int
}

func (p *pacer) allow(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := now.Unix(); s != p.second {
		p.second, p.n = s, 0
	}
	p.n++
	return p.n <= mostPlaces
}
