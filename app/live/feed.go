package live

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fasthttp/websocket"

	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/views"
)

// The feed's times.
const (
	// settle is how long after a hint a read has seen all that the hint stands for (see queue.Client.Changes).
	settle = 25 * time.Millisecond
	// trust is how long the feed waits for the monitor's own snapshot before it reads itself, while a monitor is heard.
	trust = 5 * settle
	// heard is how long after its last snapshot a monitor counts as there.
	heard = 3 * time.Second
	// reconcile is how often everything is read although nothing was heard: pub/sub loses messages. It is also the
	// longest silence on /ws.
	reconcile = 5 * time.Second
	// quiet is the silence after which the feed reads to see whether the store is still there: workers beat once a
	// second, so a store that says nothing for two is idle or away.
	quiet = 2 * time.Second
	// snapshotPace is the least time between two snapshots on /ws: ten a second by contract.
	snapshotPace = 100 * time.Millisecond
	// retryRead is the wait after a read that failed: Redis's return must show within a second.
	retryRead = time.Second
	// readTimeout bounds a read: a Redis that answers later is away for the viewers.
	readTimeout = 2 * time.Second
)

// feeder is the state of the feed loop; only that loop touches it.
type feeder struct {
	*Hub
	hintAt    time.Time   // the hint that read waits for; zero for none
	heardAt   time.Time   // the monitor's last snapshot
	lastRead  time.Time   // the last own read
	lastTaken time.Time   // the last snapshot, from whomever
	lastSent  time.Time   // the last broadcast
	read      *time.Timer // fires when an own read is due
	send      *time.Timer // fires when a held-back broadcast is due
	sendArmed bool
}

// feed keeps the snapshot fresh until ctx ends: from the monitor's publications where there are any, else by reading
// after each hint.
func (h *Hub) feed(ctx context.Context) {
	f := &feeder{Hub: h, read: time.NewTimer(0), send: time.NewTimer(time.Hour)}
	published, hints := monitor.Subscribe(ctx, h.client), h.client.Changes(ctx)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case s, open := <-published:
			if !open {
				published = nil
				continue
			}
			f.onPublished(s)
		case _, open := <-hints:
			if !open {
				hints = nil
				continue
			}
			f.onHint()
		case <-f.read.C:
			f.readNow(ctx)
		case <-tick.C:
			if time.Since(f.lastTaken) >= quiet || time.Since(f.lastRead) >= reconcile {
				f.readNow(ctx)
			}
		case <-f.send.C:
			f.sendArmed = false
			f.broadcast()
		}
	}
}

// onHint arranges a read, unless one is due already.
func (f *feeder) onHint() {
	poke(f.watcher.hint)
	if !f.hintAt.IsZero() {
		return
	}
	now := time.Now()
	f.hintAt = now
	wait := settle
	if now.Sub(f.heardAt) < heard {
		wait = trust
	}
	f.read.Reset(max(wait, snapshotPace-now.Sub(f.lastRead)))
}

// onPublished takes the monitor's snapshot. It spares the own read where it is late enough to have seen the hint's
// change.
func (f *feeder) onPublished(s *monitor.Snapshot) {
	f.heardAt = time.Now()
	if !f.hintAt.IsZero() && f.heardAt.Sub(f.hintAt) >= settle {
		f.hintAt = time.Time{}
		f.read.Stop()
	}
	f.accept(s)
}

func (f *feeder) readNow(ctx context.Context) {
	f.hintAt, f.lastRead = time.Time{}, time.Now()
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	s, err := monitor.ReadSnapshot(ctx, f.client)
	if err != nil {
		_ = f.fail(fmt.Errorf("read snapshot: %w", err)) // the viewers are told
		f.read.Reset(retryRead)
		return
	}
	f.accept(s)
}

func (f *feeder) accept(s *monitor.Snapshot) {
	if f.take(s) {
		f.lastTaken = time.Now()
		f.pace()
		poke(f.dirty)
	}
}

// fail remembers why there is no fresh snapshot, logs the first of a row of failures, and returns err.
func (h *Hub) fail(err error) error {
	h.mu.Lock()
	first := h.err == nil
	h.err = err
	h.mu.Unlock()
	if first {
		h.cfg.Log.Warn("the dashboard shows old data", "error", err)
	}
	poke(h.dirty)
	return err
}

// pace broadcasts at once, or as soon as the contract allows.
func (f *feeder) pace() {
	wait := snapshotPace - time.Since(f.lastSent)
	switch {
	case wait <= 0:
		f.broadcast()
	case !f.sendArmed:
		f.sendArmed = true
		f.send.Reset(wait)
	}
}

func (f *feeder) broadcast() {
	f.lastSent = time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	for wake := range f.pollers {
		poke(wake)
	}
}

// outOfOrder is how much older than the newest one a snapshot may be that was only overtaken. One that is older still
// says that Redis's clock was set back.
const outOfOrder = 2 * time.Second

// take makes s the current snapshot, unless it is older than the one that is there. Its number is raised where
// needed: on one socket it must grow. It reports whether s was taken.
func (h *Hub) take(s *monitor.Snapshot) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != nil {
		h.cfg.Log.Info("the dashboard shows fresh data again")
		h.err = nil
	}
	if h.snap != nil && s.At.Before(h.snap.At.Time) {
		if h.snap.At.Sub(s.At.Time) < outOfOrder {
			return false
		}
		h.history, h.queues = nil, queueHistory{} // Redis's clock was set back: what the future wrote cannot be compared
	}
	next := *s // s may be shared with another subscriber
	if h.snap != nil {
		next.Seq = max(next.Seq, h.snap.Seq+1)
	}
	h.remember(&next)
	h.queues.note(&next)
	h.fillRates(&next)
	h.snap, h.readAt, h.message = &next, time.Now(), prepare(&next)
	return true
}

// historySpan is how far the samples reach back: the chart's five minutes and a step.
const historySpan = 5*time.Minute + 10*time.Second

// remember appends a sample at most twice a second: two thousand in all, enough for steps of five seconds. The slice
// is copied now and then and never changed in place, because viewers read it without a lock.
func (h *Hub) remember(s *monitor.Snapshot) {
	at := s.At.Time
	if n := len(h.history); n > 0 && at.Sub(h.history[n-1].At) < 500*time.Millisecond {
		return
	}
	from := 0
	for from < len(h.history) && at.Sub(h.history[from].At) > historySpan {
		from++
	}
	h.history = append(h.history[from:], views.Sample{
		At: at, Submitted: s.Totals.SubmittedTotal, Completed: s.Totals.CompletedTotal, Failed: s.Totals.FailedTotal,
	})
}

// fillRates gives a snapshot that the hub read itself the rates that a published one has.
func (h *Hub) fillRates(s *monitor.Snapshot) {
	if s.Rates != (monitor.Rates{}) {
		return
	}
	s.Rates.Submitted, s.Rates.Completed, s.Rates.Failed = views.RatesAt(h.history, s.At.Time)
}

// prepare encodes v once for all sockets. What is sent is made of strings, numbers and times: it cannot fail.
func prepare(v any) *websocket.PreparedMessage {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // much of it is markup, and none of it is read but by JSON.parse
	if err := encoder.Encode(v); err != nil {
		panic("live: encode message: " + err.Error())
	}
	m, err := websocket.NewPreparedMessage(websocket.TextMessage, bytes.TrimRight(body.Bytes(), "\n"))
	if err != nil {
		panic("live: prepare message: " + err.Error())
	}
	return m
}
