package live

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/views"
)

// prefixOverview is followed by the query of an overview whose chart has another span than the first.
const prefixOverview = topicOverview + "?"

// notesDue is how long after a minute's begin its note is read: a monitor writes it within monitor.NoteEvery.
const notesDue = 2 * monitor.NoteEvery

// notes keeps what the monitors noted for all topics that show it: viewers cost the store nothing.
type notes struct {
	now func() time.Time // by Redis's clock

	mu     sync.Mutex
	list   []monitor.Sample // never changed in place
	minute int64            // whose note the list should have; 0 before the first read
}

// read returns the notes, read anew by fetch once a minute.
func (n *notes) read(fetch func() ([]monitor.Sample, error)) ([]monitor.Sample, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	minute := n.now().Add(-notesDue).Unix() / 60
	if n.minute == minute {
		return n.list, nil
	}
	list, err := fetch()
	if err != nil {
		return n.list, err
	}
	n.list, n.minute = list, minute
	return list, nil
}

func (n *notes) load(ctx context.Context, c *queue.Client) ([]monitor.Sample, error) {
	return n.read(func() ([]monitor.Sample, error) { return monitor.ReadNotes(ctx, c) })
}

// newOverviewSource returns the source of the overview under a query, or nil where no page has that one.
func newOverviewSource(query string) source {
	v, err := url.ParseQuery(query)
	span, known := views.FindSpan(v.Get("span"))
	if err != nil || !known || overviewTopic(span) != prefixOverview+query {
		return nil
	}
	return overviewOf(span)
}

// overviewTopic names the overview with the chart of a span.
func overviewTopic(s views.Span) string {
	if _, query, ok := strings.Cut(views.OverviewHref(s, false), "?"); ok {
		return prefixOverview + query
	}
	return topicOverview
}

// Points returns the points of the overview's chart of a span, read anew.
func (h *Hub) Points(ctx context.Context, s views.Span) ([]views.Point, error) {
	if err := h.freshen(ctx); err != nil {
		return nil, err
	}
	l := h.look()
	if !s.Noted {
		return views.Points(s, l.history, l.now), nil
	}
	list, err := h.notes.load(ctx, h.client)
	if err != nil {
		return nil, err
	}
	return views.Points(s, list, l.now), nil
}
