// Package live carries what changes to those who look: Redis pub/sub, to the hub, to the sockets. One hub a server
// process reads for all its viewers; a viewer costs Redis nothing but its share of a topic. Everything that is sent is
// rendered once and broadcast.
package live

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	"github.com/fasthttp/websocket"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/views"
)

// Config says how a hub behaves.
type Config struct {
	Version    string       // QueuePilot's version, told to each browser that connects
	Log        *slog.Logger // slog.Default() where nil
	Drills     bool         // pages of workers lead to drills
	MaxSockets int          // default 10,000: with about 40 KB each 400 MB; more are turned away
}

// Hub holds the last snapshot and all open sockets of a server process. Make it with New and start it with Run; its
// other methods may be called from any goroutine, before Run and after it, too.
type Hub struct {
	client *queue.Client
	cfg    Config
	epoch  string // names this hub: sequence numbers of another one mean nothing

	mu      sync.Mutex
	snap    *monitor.Snapshot
	message *websocket.PreparedMessage // snap as /ws sends it
	readAt  time.Time                  // when snap came, by this process's clock
	err     error                      // why the last read failed; nil after one that did not
	history []views.Sample
	queues  queueHistory
	pollers map[chan struct{}]struct{} // a wake-up for each socket at /ws
	topics  map[string]*topic
	open    int // sockets
	closing bool

	reading  sync.Mutex // held while a page reads the snapshot
	readFrom time.Time  // when the last such read began; guarded by reading

	dirty    chan struct{} // wakes the painter
	watcher  *watcher
	failures *failures
	notes    *notes
	places   pacer         // of reads of a task's place
	stop     chan struct{} // closed when all sockets must go
	sockets  sync.WaitGroup
}

// New returns a hub that reads through c. It does nothing before Run.
func New(c *queue.Client, cfg Config) *Hub {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.MaxSockets == 0 {
		cfg.MaxSockets = 10_000
	}
	h := &Hub{
		client: c, cfg: cfg, epoch: rand.Text()[:12], pollers: map[chan struct{}]struct{}{}, topics: map[string]*topic{},
		dirty: make(chan struct{}, 1), watcher: newWatcher(c), stop: make(chan struct{}),
	}
	h.failures = &failures{wake: func() { poke(h.dirty) }}
	h.notes = &notes{now: func() time.Time { return h.look().wall }}
	return h
}

// Run reads and broadcasts until ctx ends, then closes every socket with 1001 (going away) and returns once their
// handlers did. Call it once. It always returns nil: a store that is away is told to the viewers and tried again.
func (h *Hub) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	loops.Go(func() { h.feed(ctx) })
	loops.Go(func() { h.paint(ctx) })
	loops.Go(func() { h.watcher.run(ctx) })
	<-ctx.Done()
	h.mu.Lock()
	h.closing = true
	h.mu.Unlock()
	close(h.stop)
	h.sockets.Wait()
	loops.Wait()
	return nil
}

// Snapshot returns the last snapshot and when this process got it. err says why it could not be read anew; snap is
// nil where none ever was, and err may then be nil, too. The snapshot is shared: do not change it.
func (h *Hub) Snapshot() (snap *monitor.Snapshot, readAt time.Time, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.snap, h.readAt, h.err
}

// Full reports whether no more sockets are taken.
func (h *Hub) Full() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.closing || h.open >= h.cfg.MaxSockets
}

// look is one consistent view for painting.
type look struct {
	snap    *monitor.Snapshot // never nil: an empty one where none was read yet
	known   bool              // one was read
	history []views.Sample
	queues  map[string][]views.Sample
	stale   bool
	drills  bool      // Config.Drills
	now     time.Time // by Redis's clock; it stands still while the data is stale, so that ages stay what they were
	wall    time.Time // by Redis's clock, always going on
}

func (h *Hub) look() look {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := look{snap: h.snap, known: h.snap != nil, history: h.history, queues: h.queues.samples, stale: h.err != nil, drills: h.cfg.Drills}
	if !l.known {
		l.snap, l.now, l.wall = &monitor.Snapshot{Type: "snapshot"}, time.Now(), time.Now()
		return l
	}
	l.wall = h.snap.At.Add(time.Since(h.readAt))
	l.now = l.wall
	if l.stale {
		l.now = h.snap.At.Time
	}
	return l
}

func (l look) overview() views.OverviewData {
	return views.OverviewData{Snap: l.snap, History: l.history, ByQueue: l.queues, Stale: l.stale, Drills: l.drills, Now: l.now}
}

// poke puts a wake-up into a channel of one place, which may hold one already.
func poke(wake chan struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}
