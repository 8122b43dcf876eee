package live

import (
	"context"
	"sync"
	"time"

	"github.com/fasthttp/websocket"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// The bounds of topics.
const (
	ringSize  = 128              // deltas kept a topic: half a minute of the fastest frames
	catchUp   = 8                // deltas a client may be behind and still get one by one; a snap is smaller than more
	linger    = 30 * time.Second // a page that was just rendered subscribes within this
	maxTopics = 2000             // distinct pages that are watched at once; each costs a read a frame
)

// source knows what a topic shows. Its methods are called one at a time.
type source interface {
	// load reads what the topic needs beyond the snapshot. After an error the source shows what it had.
	load(ctx context.Context, c *queue.Client) error
	// paint renders the topic. ok is false while nothing was ever loaded.
	paint(l look) (f *frame, ok bool)
}

// topic is what some viewers look at: one page's content, or the frame around all pages. Its sequence number grows
// with every change.
type topic struct {
	name string
	src  source
	work sync.Mutex // held while the source loads and paints

	mu      sync.Mutex
	seq     int64
	cur     *frame // nil until painted
	ring    [ringSize]*websocket.PreparedMessage
	filled  int                        // deltas in the ring, the newest for seq
	whole   *websocket.PreparedMessage // the snap of cur, made when first needed
	viewers map[*viewer]struct{}
	used    time.Time // last looked at by a page
}

// newTopic starts the sequence at the clock's milliseconds, so that a topic that was forgotten and comes back never
// repeats a number.
func newTopic(name string, src source) *topic {
	return &topic{name: name, src: src, seq: time.Now().UnixMilli(), viewers: map[*viewer]struct{}{}, used: time.Now()}
}

// refresh loads where asked, paints, and tells the viewers what changed. It returns the frame and its number; the
// frame is nil where nothing was ever loaded.
func (t *topic) refresh(ctx context.Context, h *Hub, load bool) (*frame, int64, error) {
	t.work.Lock()
	defer t.work.Unlock()
	var err error
	if load {
		err = t.src.load(ctx, h.client)
	}
	f, ok := t.src.paint(h.look())
	if !ok {
		return nil, 0, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.apply(f)
	return f, t.seq, err
}

// renew has the next load show what is newest, where the source keeps anything still.
func (t *topic) renew() {
	if src, calm := t.src.(interface{ renew() }); calm {
		t.work.Lock()
		defer t.work.Unlock()
		src.renew()
	}
}

// apply makes f current. The caller holds the lock.
func (t *topic) apply(f *frame) {
	t.whole = nil
	if t.cur == nil {
		t.cur = f
		t.wakeAll()
		return
	}
	m, changed := f.delta(t.cur)
	t.cur = f
	if !changed {
		return
	}
	m.Topic, m.Base, m.Seq = t.name, t.seq, t.seq+1
	t.seq++
	t.ring[t.seq%ringSize] = prepare(m)
	t.filled = min(t.filled+1, ringSize)
	t.wakeAll()
}

func (t *topic) wakeAll() {
	for v := range t.viewers {
		poke(v.wake)
	}
}

// since returns what brings a client from number seq up to date: nothing, some deltas, or the snap; and the number
// that it has then.
func (t *topic) since(seq int64) ([]*websocket.PreparedMessage, int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	behind := t.seq - seq
	switch {
	case t.cur == nil || behind == 0:
		return nil, seq
	case behind < 0 || behind > catchUp || behind > int64(t.filled):
		return []*websocket.PreparedMessage{t.snap()}, t.seq
	}
	messages := make([]*websocket.PreparedMessage, 0, behind)
	for n := seq + 1; n <= t.seq; n++ {
		messages = append(messages, t.ring[n%ringSize])
	}
	return messages, t.seq
}

// snap returns the whole topic as a message, made once for all who need it. The caller holds the lock.
func (t *topic) snap() *websocket.PreparedMessage {
	if t.whole == nil {
		m := t.cur.snap()
		m.Topic, m.Seq = t.name, t.seq
		t.whole = prepare(m)
	}
	return t.whole
}

func (t *topic) add(v *viewer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.viewers[v] = struct{}{}
}

func (t *topic) remove(v *viewer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.viewers, v)
	t.used = time.Now()
}

// state returns how many look, and whether the topic may be forgotten.
func (t *topic) state() (viewers int, idle bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.viewers), len(t.viewers) == 0 && time.Since(t.used) > linger
}

func (t *topic) touch() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.used = time.Now()
}

// empty reports whether the topic was never painted.
func (t *topic) empty() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.cur == nil
}
