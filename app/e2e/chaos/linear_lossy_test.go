package chaos

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"sync"
)

// lossyDialer makes connections that lose one reply in ten: the server has carried out the command, and the client
// sees its connection cut.
type lossyDialer struct {
	mu   sync.Mutex
	rand *rand.Rand
}

func (d *lossyDialer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &lossyConn{conn, d}, nil
}

func (d *lossyDialer) loses() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rand.IntN(10) == 0
}

type lossyConn struct {
	net.Conn
	dialer *lossyDialer
}

// Read waits for the reply before it may lose it.
func (c *lossyConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err == nil && c.dialer.loses() {
		_ = c.Close()
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}
