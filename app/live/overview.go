package live

import (
	"context"
	"fmt"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/views"
)

// overviewSource shows the overview with the chart of a span.
type overviewSource struct {
	sharing
	span           views.Span
	noted          []monitor.Sample
	loaded         bool
	latest, failed calmList
}

func overviewOf(span views.Span) *overviewSource {
	return &overviewSource{span: span, latest: calmList{size: views.LatestRows}, failed: calmList{size: views.FailedRows}}
}

// renew shows the newest tasks at the next load.
func (s *overviewSource) renew() {
	s.latest.renew()
	s.failed.renew()
}

func (s *overviewSource) load(ctx context.Context, c *queue.Client) error {
	latest, err := c.List(ctx, queue.Filter{Limit: views.LatestRows})
	if err != nil {
		return fmt.Errorf("list the latest tasks: %w", err)
	}
	failed, err := c.List(ctx, queue.Filter{State: queue.Failed, Limit: views.FailedRows})
	if err != nil {
		return fmt.Errorf("list the failed tasks: %w", err)
	}
	now := time.Now()
	if err := s.latest.take(ctx, c, latest.Items, now); err != nil {
		return err
	}
	if err := s.failed.take(ctx, c, failed.Items, now); err != nil {
		return err
	}
	s.loaded = true
	if s.span.Noted {
		if s.noted, err = s.notes.load(ctx, c); err != nil {
			return err
		}
	}
	return s.readFailures(ctx, c)
}

func (s *overviewSource) paint(l look) (*frame, bool) {
	d := l.overview()
	d.Span, d.Notes = s.span, s.noted
	d.Latest, d.Failed, d.Failing = s.latest.rows, s.failed.rows, s.group("", "", l.now)
	m := views.NewOverview(d)
	return &frame{model: m, parts: []part{
		newPart("o-status", views.StatusLine(m.Status)),
		newPart("o-first", views.FirstSteps(m.First, "")),
		newPart("o-tiles", views.Tiles(m.Tiles)),
		newPart("o-chart", views.ChartView(m.Chart)),
		newPart("o-latest", views.LatestList(m.Latest)),
		newPart("o-longest", views.LongestList(m.Longest)),
		newPart("o-queues", views.QueueList(m.Queues, "")),
		newPart("o-workers", views.WorkerList(m.Workers)),
		newPart("o-failing", views.FailingList(m.Failing)),
		newPart("o-failed", views.FailedList(m.Failed)),
	}}, l.known || s.loaded
}
