package live

import (
	"context"
	"fmt"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/views"
)

// Topics of one queue and of one worker: the prefix and its name or id.
const (
	prefixQueue  = "queue:"
	prefixWorker = "worker:"
)

// endedPace is how often, at most, a watched topic reads what ended: some milliseconds of Redis each.
const endedPace = 2 * time.Second

// Queue returns the content of a queue's page, or ErrNotFound.
func (h *Hub) Queue(ctx context.Context, name string) (View[views.QueueDetail], error) {
	v, err := viewOf[views.QueueDetail](ctx, h, prefixQueue+name)
	if err == nil && !v.Model.Known {
		err = fmt.Errorf("queue %s: %w", name, queue.ErrNotFound)
	}
	return v, err
}

// Worker returns the content of a worker's page, or ErrNotFound.
func (h *Hub) Worker(ctx context.Context, id string) (View[views.WorkerDetail], error) {
	v, err := viewOf[views.WorkerDetail](ctx, h, prefixWorker+id)
	if err == nil && !v.Model.Known {
		err = fmt.Errorf("worker %s: %w", id, queue.ErrNotFound)
	}
	return v, err
}

// endedSample is what ended lately, read no more often than needed.
type endedSample struct {
	list []queue.Ended
	at   time.Time
}

func (s *endedSample) load(read func() ([]queue.Ended, error)) error {
	if time.Since(s.at) < endedPace {
		return nil
	}
	list, err := read()
	if err != nil {
		return err
	}
	s.list, s.at = list, time.Now()
	return nil
}

type queueSource struct {
	name  string
	ended endedSample
}

func (s *queueSource) load(ctx context.Context, c *queue.Client) error {
	return s.ended.load(func() ([]queue.Ended, error) { return c.EndedOf(ctx, s.name, views.SampleSize) })
}

func (s *queueSource) paint(l look) (*frame, bool) {
	m := views.NewQueue(l.overview(), s.name, s.ended.list)
	return &frame{model: m, parts: []part{
		newPart("queue-head", views.QueueHead(m, "")),
		newPart("queue-tiles", views.Tiles(m.Tiles)),
		newPart("queue-counts", views.Tabs(m.Counts)),
		newPart("queue-chart", views.ChartView(m.Chart)),
		newPart("queue-workers", views.QueueWorkers(m)),
	}}, l.known
}

type workerSource struct {
	id    string
	ended endedSample
}

func (s *workerSource) load(ctx context.Context, c *queue.Client) error {
	return s.ended.load(func() ([]queue.Ended, error) { return c.EndedOn(ctx, s.id, views.EndedRows) })
}

func (s *workerSource) paint(l look) (*frame, bool) {
	m := views.NewWorker(l.overview(), s.id, s.ended.list)
	return &frame{model: m, parts: []part{
		newPart("worker-head", views.WorkerHead(m)),
		newPart("worker-tasks", views.WorkerTasks(m)),
		newPart("worker-ended", views.WorkerEnded(m.Ended)),
		newPart("worker-facts", views.WorkerFacts(m.Facts)),
	}}, l.known
}
