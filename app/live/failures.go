package live

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/views"
)

// The names of the topics of failed tasks: the groups, "failed?" and a filter's query, and "failed:" and a group's id.
const (
	topicFailed  = "failed"
	prefixFailed = "failed?"
	prefixGroup  = "failed:"
)

// failuresEvery is the least time between two reads of the failed tasks: ten thousand entries are some milliseconds.
const failuresEvery = 2 * time.Second

// failures keeps the newest failed tasks for all topics that show some, so that viewers cost the store nothing.
type failures struct {
	wake func() // asks for another load

	mu     sync.Mutex
	list   *queue.Failures // nil before the first read
	readAt time.Time
	armed  bool // wake is due
}

// read returns the failed tasks, read anew where the last read is two seconds ago; else it asks for another load then.
func (f *failures) read(ctx context.Context, c *queue.Client) (*queue.Failures, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if wait := failuresEvery - time.Since(f.readAt); f.list != nil && wait > 0 {
		if !f.armed {
			f.armed = true
			time.AfterFunc(wait, f.due)
		}
		return f.list, nil
	}
	list, err := c.Failures(ctx, 0, f.list)
	if err != nil {
		return nil, err
	}
	f.list, f.readAt = list, time.Now()
	return list, nil
}

func (f *failures) due() {
	f.mu.Lock()
	f.armed = false
	f.mu.Unlock()
	f.wake()
}

// sharing is the part of a source that shows failed tasks, or what else its hub keeps for all.
type sharing struct {
	shared  *failures
	notes   *notes
	list    *queue.Failures
	groups  []queue.FailureGroup
	minute  int64           // of the groups
	grouped *queue.Failures // what they were made of
}

func (s *sharing) share(h *Hub) { s.shared, s.notes = h.failures, h.notes }

func (s *sharing) readFailures(ctx context.Context, c *queue.Client) error {
	list, err := s.shared.read(ctx, c)
	if err != nil {
		return fmt.Errorf("read the failed tasks: %w", err)
	}
	s.list = list
	return nil
}

// group puts them into groups again where they, or the minute, are others.
func (s *sharing) group(queue, kind string, now time.Time) []queue.FailureGroup {
	minute := now.Unix() / 60
	if s.list != nil && (s.grouped != s.list || s.minute != minute) {
		s.groups, s.grouped, s.minute = s.list.Groups(queue, kind, now), s.list, minute
	}
	return s.groups
}

// source is newSource with what sources share.
func (h *Hub) source(name string) (source, error) {
	src, err := newSource(name)
	if s, ok := src.(interface{ share(h *Hub) }); ok {
		s.share(h)
	}
	return src, err
}

// newFailedSource returns the source of a topic of failed tasks, or nil where name is none.
func newFailedSource(name string) source {
	if name == topicFailed {
		return &failedSource{}
	}
	if id, ok := strings.CutPrefix(name, prefixGroup); ok && queue.ValidGroup(id) {
		return &groupSource{id: id}
	}
	query, ok := strings.CutPrefix(name, prefixFailed)
	if v, err := url.ParseQuery(query); ok && err == nil {
		return &failedSource{queue: v.Get("queue"), kind: v.Get("type")}
	}
	return nil
}

// failedSource shows the groups under a filter, and what is redriven.
type failedSource struct {
	sharing
	queue, kind string
	redrives    []queue.Redrive
}

func (s *failedSource) load(ctx context.Context, c *queue.Client) error {
	if err := s.readFailures(ctx, c); err != nil {
		return err
	}
	redrives, err := c.Redrives(ctx)
	if err != nil {
		return fmt.Errorf("list the redrives: %w", err)
	}
	s.redrives = redrives
	return nil
}

func (s *failedSource) paint(l look) (*frame, bool) {
	d := views.FailedData{
		Failures: s.list, Groups: s.group(s.queue, s.kind, l.now), Redrives: s.redrives, Queue: s.queue, Type: s.kind, Now: l.now,
	}
	if l.known {
		d.Snap = l.snap
	}
	m := views.NewFailed(d)
	return &frame{model: m, parts: []part{
		newPart("failed-redrives", views.RedriveList(m.Redrives, "")),
		newPart("failed-groups", views.FailureList(m)),
	}}, s.list != nil
}

// groupSource shows one group, and its last redrive.
type groupSource struct {
	sharing
	id      string
	redrive *queue.Redrive
}

// load returns ErrNotFound where no task of the group is failed, and none was redriven.
func (s *groupSource) load(ctx context.Context, c *queue.Client) error {
	if err := s.readFailures(ctx, c); err != nil {
		return err
	}
	redrives, err := c.Redrives(ctx)
	if err != nil {
		return fmt.Errorf("list the redrives: %w", err)
	}
	for i := range redrives {
		if redrives[i].Group == s.id {
			s.redrive = &redrives[i]
			break
		}
	}
	if s.redrive == nil && s.find(time.Now()) == nil {
		return fmt.Errorf("group %s: %w", s.id, queue.ErrNotFound)
	}
	return nil
}

func (s *groupSource) find(now time.Time) *queue.FailureGroup {
	groups := s.group("", "", now)
	for i := range groups {
		if groups[i].Group == s.id {
			return &groups[i]
		}
	}
	return nil
}

func (s *groupSource) paint(l look) (*frame, bool) {
	g := s.find(l.now)
	m := views.NewFailurePage(g, s.redrive, l.now)
	return &frame{model: m, parts: []part{
		newPart("failure-redrive", views.FailureRedrive(m, "")),
		newPart("failure-facts", views.FailureFacts(m)),
		newPart("failure-newest", views.FailureNewest(m)),
	}}, s.list != nil
}

// Failed returns the content of "/failed" under a filter of queue and type, each "" for any.
func (h *Hub) Failed(ctx context.Context, queue, kind string) (View[views.Failed], error) {
	name := topicFailed
	if _, query, ok := strings.Cut(views.FailedHref(queue, kind), "?"); ok {
		name = prefixFailed + query
	}
	return viewOf[views.Failed](ctx, h, name)
}

// FailureGroup returns the content of a group's page, or ErrNotFound.
func (h *Hub) FailureGroup(ctx context.Context, id string) (View[views.FailurePage], error) {
	return viewOf[views.FailurePage](ctx, h, prefixGroup+id)
}
