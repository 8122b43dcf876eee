package web

import (
	"io"
	"net"
	"time"

	"github.com/gofiber/fiber/v2"
)

// The most that is read of a refused body before its connection closes.
const (
	lingerTime  = 5 * time.Second
	lingerBytes = 256 << 20
)

// lingerListener accepts connections that can close softly.
type lingerListener struct{ net.Listener }

// Accept implements net.Listener.
func (l lingerListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &lingerConn{Conn: c}, nil
}

// lingerConn can be told to read and drop what its client still sends before it closes. A close with unread data
// resets the connection, and the client never sees why its body was refused.
type lingerConn struct {
	net.Conn
	linger bool // set and read by the goroutine that serves the connection
}

// Close implements net.Conn.
func (c *lingerConn) Close() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && c.linger {
		if half.CloseWrite() == nil && c.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
			_, _ = io.CopyN(io.Discard, c.Conn, lingerBytes) // what comes is not wanted
		}
	}
	return c.Conn.Close()
}

// closeSoftly makes the connection of a refused request linger.
func closeSoftly(c *fiber.Ctx) {
	if conn, ok := c.Context().Conn().(*lingerConn); ok {
		conn.linger = true
	}
}
