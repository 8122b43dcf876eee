package live

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/views"
)

// Every page comes from the topic that its viewers follow: what they see first is one frame of the stream, and the
// mark says which. An error with a known page means that the content is old; without one there is nothing to show.

// View is a page's content with the mark that joins it to the stream.
type View[M any] struct {
	Model  M
	Chrome views.Chrome
	Mark   views.Mark
	Known  bool // there is content, perhaps an old one
}

// Overview returns the content of "/" with the chart of a span, read anew.
func (h *Hub) Overview(ctx context.Context, s views.Span) (View[views.Overview], error) {
	return viewOf[views.Overview](ctx, h, overviewTopic(s))
}

// Queues returns the content of "/queues".
func (h *Hub) Queues(ctx context.Context) (View[views.QueueTable], error) {
	return viewOf[views.QueueTable](ctx, h, topicQueues)
}

// Workers returns the content of "/workers".
func (h *Hub) Workers(ctx context.Context) (View[views.WorkerTable], error) {
	return viewOf[views.WorkerTable](ctx, h, topicWorkers)
}

// Tasks returns a page of the list. It returns *queue.InvalidError for a filter that cannot be.
func (h *Hub) Tasks(ctx context.Context, f queue.Filter) (View[views.Tasks], error) {
	return viewOf[views.Tasks](ctx, h, tasksTopic(f))
}

// Task returns the content of a task's page, or ErrNotFound.
func (h *Hub) Task(ctx context.Context, id string) (View[views.Task], error) {
	return viewOf[views.Task](ctx, h, prefixTask+id)
}

// Chrome returns what stands around a page that has no live content of its own.
func (h *Hub) Chrome(ctx context.Context) View[views.Chrome] {
	var v View[views.Chrome]
	t, err := h.pageTopic(topicChrome)
	if err != nil {
		return v // there is a topic of that name
	}
	f, seq, _ := t.refresh(ctx, h, false) // loads nothing, so it cannot fail
	v.Model, v.Chrome, v.Known = f.model.(views.Chrome), f.model.(views.Chrome), true
	v.Mark = views.Mark{Epoch: h.epoch, Topics: map[string]int64{topicChrome: seq}}
	return v
}

// tasksTopic names the list under f: equal filters share a topic.
func tasksTopic(f queue.Filter) string {
	_, query, _ := strings.Cut(views.TasksHref(f), "?")
	return prefixTasks + query
}

func viewOf[M any](ctx context.Context, h *Hub, name string) (View[M], error) {
	var v View[M]
	t, err := h.pageTopic(name)
	if err != nil {
		return v, err
	}
	away := h.freshen(ctx)
	t.renew()
	f, seq, err := t.refresh(ctx, h, away == nil)
	if f != nil {
		v.Model, v.Known = f.model.(M), true
	}
	v.Mark = views.Mark{Epoch: h.epoch, Topics: map[string]int64{name: seq}}
	around := h.Chrome(ctx)
	v.Chrome = around.Model
	maps.Copy(v.Mark.Topics, around.Mark.Topics)
	return v, cmp.Or(away, err)
}

// pageTopic is topic, but where too many are watched it returns one that nobody can follow: the page still shows.
func (h *Hub) pageTopic(name string) (*topic, error) {
	t, err := h.topic(name)
	if !errors.Is(err, errTooMany) {
		return t, err
	}
	src, err := h.source(name)
	return newTopic(name, src), err
}

// freshen reads a snapshot that is not older than this call, so that whoever changed something and then looks sees
// it. Pages that ask at the same time share a read.
func (h *Hub) freshen(ctx context.Context) error {
	asked := time.Now()
	h.reading.Lock()
	defer h.reading.Unlock()
	if h.readFrom.After(asked) {
		_, _, err := h.Snapshot()
		return err
	}
	h.readFrom = time.Now()
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	s, err := monitor.ReadSnapshot(ctx, h.client)
	if err != nil {
		return h.fail(fmt.Errorf("read snapshot: %w", err))
	}
	if h.take(s) {
		poke(h.dirty)
	}
	return nil
}
