package live

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// The watcher's times.
const (
	// watchReconcile is how often watched tasks are read without a hint: one may have been lost.
	watchReconcile = time.Second
	// hasty is up to how many watched tasks a hint is followed at once, and not only after it settled: a caller that
	// waits for a quick task gets its answer 25 ms earlier, and the read is small.
	hasty = 64
)

// watcher follows single tasks for all who wait for them, with one read for all.
type watcher struct {
	client *queue.Client
	hint   chan struct{} // something changed
	fresh  chan struct{} // a watch was added that has seen nothing yet

	mu      sync.Mutex
	watches map[*watch]struct{}
}

// watch is one interest in one task. Only the newest state is kept for it.
type watch struct {
	id      string
	updates chan update // one place
	told    bool        // it had an answer; guarded by the watcher's lock
}

// update is a task as it was read; Task is nil where it does not exist. Err says that it could not be read, and comes
// only before the first answer.
type update struct {
	Task *queue.Task
	Err  error
}

func newWatcher(c *queue.Client) *watcher {
	return &watcher{
		client: c, hint: make(chan struct{}, 1), fresh: make(chan struct{}, 1), watches: map[*watch]struct{}{},
	}
}

// add starts a watch, whose first update comes at once. The caller removes it.
func (w *watcher) add(id string) *watch {
	one := &watch{id: id, updates: make(chan update, 1)}
	w.mu.Lock()
	w.watches[one] = struct{}{}
	w.mu.Unlock()
	poke(w.fresh)
	return one
}

func (w *watcher) remove(one *watch) {
	w.mu.Lock()
	delete(w.watches, one)
	w.mu.Unlock()
}

// run reads until ctx ends.
func (w *watcher) run(ctx context.Context) {
	settled := time.NewTimer(time.Hour)
	tick := time.NewTicker(watchReconcile)
	defer tick.Stop()
	every := func(*watch) bool { return true }
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.fresh:
			w.look(ctx, func(one *watch) bool { return !one.told })
		case <-w.hint:
			settled.Reset(settle)
			if w.len() <= hasty {
				w.look(ctx, every)
			}
		case <-settled.C:
			w.look(ctx, every)
		case <-tick.C:
			w.look(ctx, every)
		}
	}
}

func (w *watcher) len() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.watches)
}

// look reads the tasks of the wanted watches in one go and tells each of them.
func (w *watcher) look(ctx context.Context, wanted func(*watch) bool) {
	ids := w.ids(wanted)
	if len(ids) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	tasks, err := w.client.GetMany(ctx, ids)
	if err != nil {
		err = fmt.Errorf("read %d watched tasks: %w", len(ids), err)
	}
	w.tell(ids, tasks, err)
}

func (w *watcher) ids(wanted func(*watch) bool) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := make(map[string]bool, len(w.watches))
	var ids []string
	for one := range w.watches {
		if wanted(one) && !seen[one.id] {
			seen[one.id] = true
			ids = append(ids, one.id)
		}
	}
	return ids
}

func (w *watcher) tell(ids []string, tasks []*queue.Task, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := make(map[string]update, len(ids))
	for i, id := range ids {
		if err != nil {
			found[id] = update{Err: err}
			continue
		}
		found[id] = update{Task: tasks[i]}
	}
	for one := range w.watches {
		if u, read := found[one.id]; read && (u.Err == nil || !one.told) {
			one.tell(u)
		}
	}
}

// tell replaces what the watch has not taken yet.
func (one *watch) tell(u update) {
	one.told = one.told || u.Err == nil
	select {
	case <-one.updates:
	default:
	}
	one.updates <- u
}

// WaitFinal returns the task once it is final, or as it is when ctx ends or the hub stops. It returns ErrNotFound for
// a task that does not exist, and another error where none could be read. However many wait, one read serves them all.
func (h *Hub) WaitFinal(ctx context.Context, id string) (*queue.Task, error) {
	one := h.watcher.add(id)
	defer h.watcher.remove(one)
	var last *queue.Task
	for {
		select {
		case <-ctx.Done():
			return h.lastWord(ctx, id, last)
		case <-h.stop:
			return h.lastWord(ctx, id, last)
		case u := <-one.updates:
			if u.Err != nil {
				return nil, u.Err
			}
			if u.Task == nil {
				return nil, fmt.Errorf("task %s: %w", id, queue.ErrNotFound)
			}
			if u.Task.State.Final() {
				return u.Task, nil
			}
			last = u.Task
		}
	}
}

// lastWord answers a wait that ended early. Where nothing was read in time it reads once itself, under a time of its
// own: the caller's is over.
func (h *Hub) lastWord(ctx context.Context, id string, last *queue.Task) (*queue.Task, error) {
	if last != nil {
		return last, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
	defer cancel()
	return h.client.Get(ctx, id)
}
