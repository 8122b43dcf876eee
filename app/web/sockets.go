package web

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/utils"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// handshakeTimeout bounds the upgrade itself.
const handshakeTimeout = 5 * time.Second

// sendBuffer bounds what lies in the kernel for a client that does not read: it is old by the time that it is read, and
// by default megabytes a client. The kernel doubles it: some 50 snapshots of a small site.
const sendBuffer = 32 << 10

// readBuffer is for what a client says, which is little: a socket costs less, and ten thousand are many.
const readBuffer = 256

// registerSockets routes the doors of the WebSockets. Each checks who asks before it upgrades.
func (s *Server) registerSockets(r fiber.Router) {
	r.Get("/ws", s.admit, s.upgrade(s.serveScripts, false))
	r.Get("/ws/ui", s.admit, s.upgrade(func(c *websocket.Conn) { s.hub.ServeUI(c.Conn) }, true))
}

// taskLocal hands the id that was checked to the socket: of a name that is given twice the two libraries see different
// values.
const taskLocal = "task"

// serveScripts gives snapshots, or with ?task= one task's changes.
func (s *Server) serveScripts(c *websocket.Conn) {
	if id, _ := c.Locals(taskLocal).(string); id != "" {
		s.hub.ServeTask(c.Conn, id)
		return
	}
	s.hub.ServeSnapshots(c.Conn)
}

// admit refuses before the upgrade: pages of other origins (browsers let them connect anywhere, with the visitor's
// cookies), requests that are no handshake, impossible ids, and more sockets than fit. A missing Origin is a program.
func (s *Server) admit(c *fiber.Ctx) error {
	if origin := c.Get(fiber.HeaderOrigin); origin != "" && !sameHost(origin, c.Hostname()) && !s.trusts(origin) {
		return fiber.NewError(fiber.StatusForbidden, "Origin is "+shorten(origin)+
			"; wanted: this server's own, or one that it was told by --cors-origins.")
	}
	if !websocket.IsWebSocketUpgrade(c) {
		c.Set(fiber.HeaderUpgrade, "websocket")
		return fiber.NewError(fiber.StatusUpgradeRequired, "This address speaks WebSocket only.")
	}
	id := c.Query("task")
	if id != "" && !queue.ValidID(id) {
		return fiber.NewError(fiber.StatusUnprocessableEntity,
			fmt.Sprintf("task is %q; wanted: an id, %s.", shorten(id), queue.IDRule))
	}
	c.Locals(taskLocal, utils.CopyString(id))
	if s.hub.Full() {
		c.Set(fiber.HeaderRetryAfter, retryAfter)
		return fiber.NewError(fiber.StatusServiceUnavailable, "All sockets are taken. Try again in a few seconds.")
	}
	keepLittle(c)
	return c.Next()
}

// keepLittle gives the request's connection the buffer of a socket.
func keepLittle(c *fiber.Ctx) {
	conn, ok := c.Context().Conn().(*lingerConn)
	if !ok {
		return
	}
	if tcp, ok := conn.Conn.(interface{ SetWriteBuffer(int) error }); ok {
		_ = tcp.SetWriteBuffer(sendBuffer) // without it a slow client is worse off, and nobody else
	}
}

// upgrade turns the request into a socket for handler. Handlers must use the library's inner connection only, and
// return after their goroutines: the outer one is recycled.
func (s *Server) upgrade(handler func(*websocket.Conn), compress bool) fiber.Handler {
	return websocket.New(handler, websocket.Config{
		HandshakeTimeout:  handshakeTimeout,
		EnableCompression: compress, // the dashboard's markup shrinks to a fifth
		ReadBufferSize:    readBuffer,
		WriteBufferPool:   &s.writeBuffers,
		RecoverHandler:    s.recoverSocket,
	})
}

// recoverSocket logs a panic and cuts the connection; its text is for the log, never for the client.
func (s *Server) recoverSocket(c *websocket.Conn) {
	if p := recover(); p != nil {
		s.cfg.Log.Error("socket panicked", "panic", p, "stack", string(debug.Stack()))
		_ = c.Conn.Close() // it may be closed already
	}
}
