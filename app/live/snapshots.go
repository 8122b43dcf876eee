package live

import (
	"time"

	"github.com/fasthttp/websocket"
)

// pollerLimit bounds what a client of /ws or /ws?task= may send, in bytes: it has nothing to say.
const pollerLimit = 512

// ServeSnapshots serves GET /ws: the last snapshot at once, a new one on change (at most ten a second), and at least
// one every five seconds, which repeats the last one while the store is away. A slow client misses snapshots and gets
// the newest. It returns when the client left or the hub stops.
func (h *Hub) ServeSnapshots(ws *websocket.Conn) {
	wake := make(chan struct{}, 1)
	poke(wake)
	h.mu.Lock()
	h.pollers[wake] = struct{}{}
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		delete(h.pollers, wake)
		h.mu.Unlock()
	}()
	h.serve(ws, pollerLimit, nil, func(s *socket) closing { return h.writeSnapshots(s, wake) })
}

func (h *Hub) writeSnapshots(s *socket, wake <-chan struct{}) closing {
	beat := time.NewTimer(reconcile)
	defer beat.Stop()
	for {
		select {
		case <-s.stop:
			return goingAway
		case <-s.gone:
			return hungUp
		case <-s.ping.C:
			if !s.sendPing() {
				return hungUp
			}
			continue
		case <-beat.C:
		case <-wake:
		}
		if m := h.lastMessage(); m != nil && !s.send(m) {
			return hungUp
		}
		beat.Reset(reconcile)
	}
}

func (h *Hub) lastMessage() *websocket.PreparedMessage {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.message
}
