package live

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/fasthttp/websocket"
)

// The duties of every socket.
const (
	writeDeadline = 5 * time.Second  // a client that takes longer is cut off: it can come back for a snapshot
	pingEvery     = 20 * time.Second // keeps proxies from closing a quiet connection
	pongWithin    = 60 * time.Second // three pings
	goodbye       = time.Second      // for the client to answer a close frame before the connection is cut
)

// closing is how a socket ends.
type closing struct {
	code   int
	reason string
}

var (
	goingAway = closing{websocket.CloseGoingAway, "server stops"}
	hungUp    = closing{} // the client is gone: nothing to say
)

// socket is one connection. Its writer is the goroutine that serves it; a second one reads.
type socket struct {
	ws   *websocket.Conn
	stop <-chan struct{} // closed when the server stops
	gone chan struct{}   // closed when the reader ended
	ping *time.Ticker
}

// serve runs write on ws until it returns, and then closes the connection as it says. receive gets each message of
// the client, on the reader's goroutine; nil ignores them. serve returns only after the reader ended: the caller's
// library recycles the connection.
func (h *Hub) serve(ws *websocket.Conn, limit int64, receive func([]byte), write func(*socket) closing) {
	if !h.enter() {
		s := &socket{ws: ws}
		s.end(goingAway)
		return
	}
	defer h.leave()
	s := &socket{ws: ws, stop: h.stop, gone: make(chan struct{}), ping: time.NewTicker(pingEvery)}
	defer s.ping.Stop()
	ws.SetReadLimit(limit)
	go s.read(receive)
	defer func() { _ = ws.Close(); <-s.gone }()
	s.end(write(s))
}

// enter counts a socket in, unless the hub is stopping or full: many may have been let in at once.
func (h *Hub) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closing || h.open >= h.cfg.MaxSockets {
		return false
	}
	h.open++
	h.sockets.Add(1)
	return true
}

func (h *Hub) leave() {
	h.mu.Lock()
	h.open--
	h.mu.Unlock()
	h.sockets.Done()
}

// read takes messages until the connection ends. Reading is also what answers pings and notices a closed connection.
func (s *socket) read(receive func([]byte)) {
	defer close(s.gone)
	alive := func(string) error { return s.ws.SetReadDeadline(time.Now().Add(pongWithin)) }
	s.ws.SetPongHandler(alive)
	for alive("") == nil {
		_, message, err := s.ws.ReadMessage()
		if err != nil {
			return
		}
		if receive != nil {
			aside(func() bool { receive(message); return true })
		}
	}
}

// send writes one prepared message; false means the client is gone or too slow.
func (s *socket) send(m *websocket.PreparedMessage) bool {
	return aside(func() bool { return s.put(m) })
}

// put is send for who is aside already.
func (s *socket) put(m *websocket.PreparedMessage) bool {
	return s.ws.SetWriteDeadline(time.Now().Add(writeDeadline)) == nil && s.ws.WritePreparedMessage(m) == nil
}

// sendPing writes a ping frame; false means the client is gone.
func (s *socket) sendPing() bool {
	return aside(func() bool {
		return s.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeDeadline)) == nil
	})
}

// aside calls f on a goroutine of its own and waits for it. A goroutine that went deep once keeps its large stack while it
// waits, and thousands of sockets have two each that do little else. A panic of f is the caller's.
func aside(f func() bool) bool {
	var ok bool
	var panicked string
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				panicked = fmt.Sprintf("%v\n%s", p, debug.Stack())
			}
		}()
		ok = f()
	}()
	<-done
	if panicked != "" {
		panic(panicked)
	}
	return ok
}

// end says goodbye and gives the client a moment to answer: closing at once could discard what it has not read yet.
func (s *socket) end(c closing) {
	if c == hungUp {
		return
	}
	frame := websocket.FormatCloseMessage(c.code, c.reason)
	if s.ws.WriteControl(websocket.CloseMessage, frame, time.Now().Add(writeDeadline)) != nil || s.gone == nil {
		return
	}
	select {
	case <-s.gone:
	case <-time.After(goodbye):
	}
}
