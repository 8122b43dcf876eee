package live

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
	fiberws "github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
	"github.com/xuniquepatel/queue-pilot/monitor"
)

// BenchmarkFanOut hands one snapshot to all viewers at /ws; an operation ends when the last one has read it.
func BenchmarkFanOut(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint("viewers=", n), func(b *testing.B) {
			hub := New(nil, Config{}) // which needs no Redis for what it is handed
			got := gather(b, hub, n)
			feed, s := feeder{Hub: hub}, &monitor.Snapshot{Type: "snapshot", Queues: make([]queue.Queue, 10), Workers: make([]queue.Worker, 10)}
			s.At.Time = time.Now()
			b.ReportAllocs()
			for b.Loop() {
				got.Add(n)
				s.At.Time = s.At.Add(time.Millisecond)
				hub.take(s)
				feed.broadcast()
				got.Wait()
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

// gather connects n viewers, each of which takes one off the returned count for every message.
func gather(b *testing.B, hub *Hub, n int) *sync.WaitGroup {
	b.Helper()
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/ws", fiberws.New(func(c *fiberws.Conn) { hub.ServeSnapshots(c.Conn) }))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	var server, readers, got sync.WaitGroup
	server.Go(func() { _ = app.Listener(ln) })
	b.Cleanup(func() {
		hub.sockets.Wait()
		_ = app.Shutdown()
		server.Wait()
	})
	b.Cleanup(readers.Wait)
	for range n {
		ws, _, err := websocket.DefaultDialer.Dial("ws://"+ln.Addr().String()+"/ws", nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = ws.Close() })
		readers.Go(func() {
			for {
				if _, _, err := ws.ReadMessage(); err != nil {
					return
				}
				got.Done()
			}
		})
	}
	untilWatched(b, hub, n)
	return &got
}

// untilWatched waits until the hub knows of n viewers: the handshake is answered a little before.
func untilWatched(b *testing.B, hub *Hub, n int) {
	b.Helper()
	redistest.Eventually(b, fmt.Sprint(n, " viewers are there"), func() bool {
		hub.mu.Lock()
		defer hub.mu.Unlock()
		return len(hub.pollers) == n
	})
}
