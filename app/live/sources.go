package live

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/views"
)

// The names of topics. A list's name is "tasks?" and its query, a task's "task:" and its id; the overview's has a query
// where its chart has another span.
const (
	topicChrome   = "chrome"
	topicOverview = "overview"
	topicQueues   = "queues"
	topicWorkers  = "workers"
	prefixTasks   = "tasks?"
	prefixTask    = "task:"
)

// PageSize is how many tasks a page of the list has.
const PageSize = 50

// newSource returns what shows the named topic. An error says why there is none of that name.
func newSource(name string) (source, error) {
	switch name {
	case topicChrome:
		return &chromeSource{}, nil
	case topicOverview:
		return overviewOf(views.Spans[0]), nil
	case topicQueues:
		return &queuesSource{}, nil
	case topicWorkers:
		return &workersSource{}, nil
	}
	if query, ok := strings.CutPrefix(name, prefixOverview); ok {
		if src := newOverviewSource(query); src != nil {
			return src, nil
		}
	}
	if src := newFailedSource(name); src != nil {
		return src, nil
	}
	if id, ok := strings.CutPrefix(name, prefixTask); ok && queue.ValidID(id) {
		return &taskSource{id: id}, nil
	}
	if id, ok := strings.CutPrefix(name, prefixDrill); ok && queue.ValidID(id) {
		return &drillSource{id: id}, nil
	}
	if q, ok := strings.CutPrefix(name, prefixQueue); ok && queue.ValidName(q) {
		return &queueSource{name: q}, nil
	}
	if id, ok := strings.CutPrefix(name, prefixWorker); ok && queue.ValidID(id) {
		return &workerSource{id: id}, nil
	}
	if query, ok := strings.CutPrefix(name, prefixTasks); ok {
		return newTasksSource(query)
	}
	return nil, fmt.Errorf("there is no topic %.80q", name)
}

// snapshotOnly is the load of topics that need nothing beyond the snapshot.
type snapshotOnly struct{}

func (snapshotOnly) load(context.Context, *queue.Client) error { return nil }

type chromeSource struct{ snapshotOnly }

func (*chromeSource) paint(l look) (*frame, bool) {
	snap := l.snap
	if !l.known {
		snap = nil
	}
	m := views.NewChrome(snap, l.stale, l.wall)
	return &frame{model: m, parts: []part{
		newFrozen("chrome-nav", views.Nav(m, "")), // which entry is current is the page's own
		newFrozen("chrome-foot", views.FootClock(m)),
		newPart("chrome-stale", views.StaleNote(m)),
	}}, true
}

type queuesSource struct{ snapshotOnly }

func (*queuesSource) paint(l look) (*frame, bool) {
	m := views.NewQueues(l.overview())
	return &frame{model: m, parts: []part{newPart("queues-list", views.QueueList(m, ""))}}, l.known
}

type workersSource struct{ snapshotOnly }

func (*workersSource) paint(l look) (*frame, bool) {
	m := views.NewWorkers(l.overview())
	return &frame{model: m, parts: []part{newPart("workers-list", views.WorkerList(m))}}, l.known
}

// taskSource shows one task, or, where it went away while somebody looked, that it did.
type taskSource struct {
	id       string
	loaded   bool
	task     *queue.Task
	attempts []queue.Attempt
	place    linePlace
}

func (s *taskSource) load(ctx context.Context, c *queue.Client) error {
	t, err := c.Get(ctx, s.id)
	if errors.Is(err, queue.ErrNotFound) {
		s.task, s.attempts, s.loaded = nil, nil, true
		return err
	}
	if err != nil {
		return fmt.Errorf("read task %s: %w", s.id, err)
	}
	if s.task == nil || changed(s.task, t) {
		attempts, err := c.Attempts(ctx, s.id)
		if err != nil {
			return fmt.Errorf("read the attempts of task %s: %w", s.id, err)
		}
		s.attempts = attempts
	}
	s.task, s.loaded = t, true
	return s.place.load(ctx, c, t)
}

// changed reports whether the list of attempts may have changed.
func changed(a, b *queue.Task) bool {
	return a.State != b.State || a.Attempt != b.Attempt || a.Losses != b.Losses || !a.StartedAt.Equal(b.StartedAt)
}

func (s *taskSource) paint(l look) (*frame, bool) {
	m := views.NewTask(s.id, s.task, s.attempts, l.why(s.task, s.place.Place), l.now)
	return &frame{model: m, parts: []part{
		newPart("task-head", views.TaskHead(m, "")),
		newPart("task-outcome", views.TaskOutcome(m)),
		newPart("task-facts", views.TaskFacts(m)),
		newPart("task-attempts", views.TaskAttempts(m)),
	}}, s.loaded
}

// maxTracked is how many rows a list follows: those of its page now, and of its pages before, which readers may still
// have before them.
const maxTracked = 4 * PageSize

// tasksSource shows one page of the list under one filter.
type tasksSource struct {
	filter  queue.Filter
	loaded  bool
	page    queue.Page
	tracked []string     // ids in the order in which they were first seen
	earlier []queue.Task // the tracked tasks that are no longer on the page
}

func newTasksSource(query string) (*tasksSource, error) {
	v, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("topic of tasks: %w", err)
	}
	return &tasksSource{filter: FilterOf(v.Get)}, nil
}

// FilterOf reads a filter from the query of the list's address. get returns a parameter, or "".
func FilterOf(get func(string) string) queue.Filter {
	return queue.Filter{
		State: queue.State(get("state")), Queue: get("queue"), Type: get("type"), Worker: get("worker"), Q: get("q"),
		After: get("after"), Limit: PageSize,
	}
}

func (s *tasksSource) load(ctx context.Context, c *queue.Client) error {
	page, err := c.List(ctx, s.filter)
	if err != nil {
		return fmt.Errorf("list tasks: %w", err)
	}
	here := make(map[string]bool, len(page.Items))
	for _, t := range page.Items {
		here[t.ID] = true
		if !slices.Contains(s.tracked, t.ID) {
			s.tracked = append(s.tracked, t.ID)
		}
	}
	s.forget()
	var away []string
	for _, id := range s.tracked {
		if !here[id] {
			away = append(away, id)
		}
	}
	earlier, err := c.GetMany(ctx, away)
	if err != nil {
		return fmt.Errorf("read %d listed tasks: %w", len(away), err)
	}
	s.earlier = present(earlier)
	s.page, s.loaded = page, true
	return nil
}

// forget keeps to maxTracked rows. Those that ended go first: they change no more, and a row that still runs must not
// stand so for ever because many came after it.
func (s *tasksSource) forget() {
	over := len(s.tracked) - maxTracked
	if over <= 0 {
		return
	}
	ended := make(map[string]bool, len(s.earlier))
	for _, t := range s.earlier {
		ended[t.ID] = t.State.Final()
	}
	s.tracked = slices.DeleteFunc(s.tracked, func(id string) bool {
		if over > 0 && ended[id] {
			over--
			return true
		}
		return false
	})
	s.tracked = s.tracked[max(0, over):]
}

func present(tasks []*queue.Task) []queue.Task {
	list := make([]queue.Task, 0, len(tasks))
	for _, t := range tasks {
		if t != nil {
			list = append(list, *t)
		}
	}
	return list
}

func (s *tasksSource) paint(l look) (*frame, bool) {
	d := views.TasksData{Filter: s.filter, Page: s.page, Now: l.now}
	if l.known {
		d.Snap = l.snap
	}
	m := views.NewTasks(d)
	rows := m.Rows
	f := &frame{model: m, more: m.Next != "", count: s.filter.After == ""}
	for _, t := range s.page.Items {
		f.ids = append(f.ids, t.ID)
	}
	for i := range s.earlier {
		rows = append(rows, views.NewTaskRow(&s.earlier[i], l.now))
		if s.filter.State != "" && s.earlier[i].State != s.filter.State {
			f.left = append(f.left, s.earlier[i].ID)
		}
	}
	f.parts = []part{newPart("tasks-tabs", views.Tabs(m.Tabs)), newFrozen("tasks-rows", views.TaskRows(rows))}
	return f, s.loaded
}
