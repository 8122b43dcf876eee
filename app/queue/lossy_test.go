package queue_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

// lossy is a network that loses replies to scripts: the server has run them, and then the connection breaks.
type lossy struct {
	lose atomic.Int64 // so many replies are still to be lost
	sent atomic.Int64 // scripts that were sent
	lost func()       // called when a reply was lost, if not nil
}

// eachLossy runs test with a client on both stores over a network that loses replies when it is told to.
func eachLossy(t *testing.T, test func(t *testing.T, c *queue.Client, net *lossy)) {
	t.Helper()
	redistest.Each(t, func(t *testing.T, url string) {
		c, net := openLossy(t, url)
		warm(t, c)
		test(t, c, net)
	})
}

func openLossy(t *testing.T, url string) (*queue.Client, *lossy) {
	t.Helper()
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	n := &lossy{}
	o.MaxRetries, o.DialerRetries, o.ContextTimeoutEnabled = -1, 1, true
	o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		return &lossyConn{Conn: conn, net: n}, err
	}
	c := queue.New(redis.NewClient(o))
	t.Cleanup(func() { _ = c.Close() })
	return c, n
}

// warm has Redis learn the scripts, so that no call needs two, and leaves the cell empty.
func warm(t *testing.T, c *queue.Client) {
	t.Helper()
	for _, err := range []error{
		second(c.Submit(t.Context(), queue.Task{ID: "warm"})), second(c.Cancel(t.Context(), "warm")),
		second(c.Redrive(t.Context(), "warm")), second(c.RunNow(t.Context(), "warm")), c.Delete(t.Context(), "warm"),
		c.Pause(t.Context(), "warm"), c.Resume(t.Context(), "warm"), second(c.List(t.Context(), queue.Filter{})),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Redis().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
}

func second[T any](_ T, err error) error { return err }

type lossyConn struct {
	net.Conn
	net    *lossy
	doomed bool
}

// Write dooms the connection where the reply to what it sends is to be lost.
func (c *lossyConn) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("evalsha")) {
		c.net.sent.Add(1)
		if c.net.lose.Add(-1) >= 0 {
			c.doomed = true
		}
	}
	return c.Conn.Write(p)
}

// Read waits for the reply, which shows that the script has run, and breaks.
func (c *lossyConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if !c.doomed || err != nil {
		return n, err
	}
	_ = c.Close() // it is broken anyway
	if c.net.lost != nil {
		c.net.lost()
	}
	return 0, io.EOF
}
