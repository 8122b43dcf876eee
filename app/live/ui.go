package live

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/fasthttp/websocket"

	"github.com/xuniquepatel/queue-pilot/static"
)

// The bounds of /ws/ui.
const (
	uiLimit      = 8 << 10     // bytes of a client's message: a few topics with their numbers
	uiTopics     = 8           // topics a client may follow; a page has two
	idlePing     = time.Second // silence after which the client is told that all is well
	busyRetry    = 5 * time.Second
	goodbyeRetry = 500 * time.Millisecond
)

// request is what a browser sends.
type request struct {
	Type   string           `json:"type"` // sub, vis, pong
	Epoch  string           `json:"epoch"`
	Topics map[string]int64 `json:"topics"` // sub: the number that the page has of each; these replace all before
	Hidden bool             `json:"hidden"` // vis
}

// hello opens the stream.
type hello struct {
	Type    string `json:"type"`
	Epoch   string `json:"epoch"`
	Version string `json:"version"` // QueuePilot's
	Now     int64  `json:"now"`     // ms since 1970, by Redis's clock
	Build   string `json:"build"`   // the version of scripts and styles: a page of another one should load anew
}

// ping tells that nothing changed.
type ping struct {
	Type string           `json:"type"`
	Seq  map[string]int64 `json:"s,omitempty"` // by topic; none while the tab is hidden
	Now  int64            `json:"now"`
}

// bye ends the stream.
type bye struct {
	Type  string `json:"type"`
	Code  string `json:"code"` // stopping, busy, bad_request
	Retry int64  `json:"retry_ms"`
}

// viewer is a browser at /ws/ui. Its mailbox is the wake-up alone: what it is sent it takes from its topics, so a slow
// one costs nothing but its place.
type viewer struct {
	hub  *Hub
	wake chan struct{}
	fail chan bye // one place: why the reader wants the stream to end
	sent bool     // whether the last wake-up had something to send; the writer's alone

	mu     sync.Mutex
	topics []followed
	hidden bool
}

type followed struct {
	*topic
	has int64 // the number that the client has; below any number where it has none
}

// ServeUI serves GET /ws/ui, the dashboard's own stream: hello, then for each topic that the page subscribes a snap or
// the deltas that it lacks, then deltas. It returns when the client left or the hub stops.
func (h *Hub) ServeUI(ws *websocket.Conn) {
	v := &viewer{hub: h, wake: make(chan struct{}, 1), fail: make(chan bye, 1)}
	defer v.follow(nil)
	h.serve(ws, uiLimit, v.receive, v.write)
}

func (v *viewer) write(s *socket) closing {
	if !aside(func() bool { return s.put(v.hello()) }) {
		return hungUp
	}
	idle := time.NewTimer(idlePing)
	defer idle.Stop()
	for {
		ok := true
		select {
		case <-s.stop:
			v.part(s, bye{"bye", "stopping", goodbyeRetry.Milliseconds()})
			return goingAway
		case <-s.gone:
			return hungUp
		case b := <-v.fail:
			v.part(s, b)
			return closing{closeCode(b.Code), b.Code}
		case <-s.ping.C:
			ok = s.sendPing()
		case <-v.wake:
			if ok = aside(func() bool { return v.sendDue(s) }); ok && v.sent {
				idle.Reset(idlePing)
			}
		case <-idle.C:
			ok = aside(func() bool { return s.put(v.pingNow()) })
			idle.Reset(idlePing)
		}
		if !ok {
			return hungUp
		}
	}
}

func closeCode(why string) int {
	if why == "busy" {
		return websocket.CloseTryAgainLater
	}
	return websocket.ClosePolicyViolation
}

func (v *viewer) hello() *websocket.PreparedMessage {
	h := v.hub
	return prepare(hello{Type: "hello", Epoch: h.epoch, Version: h.cfg.Version, Now: h.look().wall.UnixMilli(), Build: static.Version()})
}

// part tells the client why the stream ends.
func (v *viewer) part(s *socket, why bye) {
	aside(func() bool { return s.put(prepare(why)) })
}

// sendDue sends what the client lacks, and notes whether that was anything.
func (v *viewer) sendDue(s *socket) bool {
	due := v.take()
	v.sent = len(due) > 0
	for _, m := range due {
		if !s.put(m) {
			return false
		}
	}
	return true
}

func (v *viewer) take() []*websocket.PreparedMessage {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.hidden {
		return nil
	}
	var due []*websocket.PreparedMessage
	for i := range v.topics {
		f := &v.topics[i]
		messages, seq := f.since(f.has)
		f.has = seq
		due = append(due, messages...)
	}
	return due
}

func (v *viewer) pingNow() *websocket.PreparedMessage {
	p := ping{Type: "ping", Now: v.hub.look().wall.UnixMilli()}
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.hidden {
		p.Seq = make(map[string]int64, len(v.topics))
		for _, f := range v.topics {
			if f.has > 0 {
				p.Seq[f.name] = f.has
			}
		}
	}
	return prepare(p)
}

// receive handles a message of the browser, on the reader's goroutine.
func (v *viewer) receive(text []byte) {
	var r request
	if err := json.Unmarshal(text, &r); err != nil {
		v.quit("bad_request", busyRetry)
		return
	}
	switch r.Type {
	case "sub":
		v.subscribe(r)
	case "vis":
		v.mu.Lock()
		v.hidden = r.Hidden
		v.mu.Unlock()
		poke(v.wake)
	}
}

// quit asks the writer to end the stream.
func (v *viewer) quit(code string, retry time.Duration) {
	select {
	case v.fail <- bye{"bye", code, retry.Milliseconds()}:
	default:
	}
}

// subscribe follows the named topics from the numbers that the page has.
func (v *viewer) subscribe(r request) {
	if len(r.Topics) > uiTopics {
		v.quit("bad_request", busyRetry)
		return
	}
	list := make([]followed, 0, len(r.Topics))
	for name, has := range r.Topics {
		t, err := v.hub.topic(name)
		if err != nil {
			code := "bad_request"
			if errors.Is(err, errTooMany) {
				code = "busy"
			}
			v.quit(code, busyRetry)
			return
		}
		if r.Epoch != v.hub.epoch {
			has = 0
		}
		list = append(list, followed{t, has})
	}
	v.follow(list)
	v.fill(list)
	poke(v.wake)
}

// follow replaces what the viewer follows.
func (v *viewer) follow(list []followed) {
	v.mu.Lock()
	old := v.topics
	v.topics = slices.Clone(list) // the writer counts in it what it has sent
	v.mu.Unlock()
	for _, f := range old {
		f.remove(v)
	}
	for _, f := range list {
		f.add(v)
	}
}

// fill paints topics that nobody looked at before. Where the store is away they stay empty until a frame succeeds.
func (v *viewer) fill(list []followed) {
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	for _, f := range list {
		if f.empty() {
			_, _, _ = f.refresh(ctx, v.hub, true)
		}
	}
}
