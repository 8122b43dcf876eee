package web

import (
	"context"
	"sync"
)

// coalescer lets many callers share one read. A caller that comes while a read is under way waits for the *next* one:
// so an answer is never older than its question, and whoever submits a task and then asks sees it.
type coalescer[K comparable, V any] struct {
	read  func(context.Context, K) (V, error)
	mu    sync.Mutex
	lines map[K]*line[V]
}

// line is what stands for one key: the read that new callers join. A line exists while its reader runs.
type line[V any] struct{ next *flight[V] }

type flight[V any] struct {
	done chan struct{}
	val  V
	err  error
}

func newCoalescer[K comparable, V any](read func(context.Context, K) (V, error)) *coalescer[K, V] {
	return &coalescer[K, V]{read: read, lines: map[K]*line[V]{}}
}

// get returns what a read that starts after this call found, or ctx's error.
func (c *coalescer[K, V]) get(ctx context.Context, key K) (V, error) {
	f := c.join(key)
	select {
	case <-f.done:
		return f.val, f.err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

func (c *coalescer[K, V]) join(key K) *flight[V] {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.lines[key]
	if l == nil {
		l = &line[V]{}
		c.lines[key] = l
		go c.fly(key, l)
	}
	if l.next == nil {
		l.next = &flight[V]{done: make(chan struct{})}
	}
	return l.next
}

// fly reads for one key until nobody waits for it. The read has a time of its own: one caller's hurry is not another's.
func (c *coalescer[K, V]) fly(key K, l *line[V]) {
	for f := c.take(key, l); f != nil; f = c.take(key, l) {
		ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
		f.val, f.err = c.read(ctx, key)
		cancel()
		close(f.done)
	}
}

func (c *coalescer[K, V]) take(key K, l *line[V]) *flight[V] {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := l.next
	l.next = nil
	if f == nil {
		delete(c.lines, key)
	}
	return f
}
