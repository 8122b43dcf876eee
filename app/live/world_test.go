package live

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	fiberws "github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
	"github.com/xuniquepatel/queue-pilot/views"
)

// patience bounds every wait: far above what a loaded machine needs, so that only a fault reaches it.
const patience = 20 * time.Second

// world is a hub on a Redis of its own, with sockets.
type world struct {
	*testing.T
	ctx    context.Context
	redis  *redistest.Redis
	client *queue.Client
	hub    *Hub
	url    string
	stop   func() // ends the hub and waits for it
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	w := &world{T: t, ctx: ctx, redis: redistest.New(t)}
	w.client = queue.New(redistest.Open(t, w.redis.URL()))
	w.hub = New(w.client, Config{Log: slog.New(slog.DiscardHandler)})
	w.run()
	w.listen()
	return w
}

func (w *world) run() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.hub.Run(ctx) }()
	stopped := false
	w.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			w.Errorf("Run: %v", err)
		}
	}
	w.Cleanup(func() { w.stop() })
}

func (w *world) listen() {
	w.Helper()
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/ws", fiberws.New(func(c *fiberws.Conn) { w.hub.ServeSnapshots(c.Conn) }))
	app.Get("/task/:id", fiberws.New(func(c *fiberws.Conn) { w.hub.ServeTask(c.Conn, c.Params("id")) }))
	app.Get("/ws/ui", fiberws.New(func(c *fiberws.Conn) { w.hub.ServeUI(c.Conn) }))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- app.Listener(ln) }()
	w.url = "ws://" + ln.Addr().String()
	w.Cleanup(func() {
		w.stop()
		_ = app.Shutdown()
		_ = ln.Close()
		<-served
	})
}

func (w *world) dial(path string) *websocket.Conn {
	w.Helper()
	c, _, err := websocket.Dial(w.ctx, w.url+path, nil)
	if err != nil {
		w.Fatal(err)
	}
	c.SetReadLimit(1 << 20)
	w.Cleanup(func() { _ = c.CloseNow() })
	return c
}

func (w *world) submit(ids ...string) {
	w.Helper()
	tasks := make([]queue.Task, len(ids))
	for i, id := range ids {
		tasks[i] = queue.Task{ID: id, Payload: []byte(`"x"`)}
	}
	if _, err := w.client.Submit(w.ctx, tasks...); err != nil {
		w.Fatal(err)
	}
}

func (w *world) cancel(id string) {
	w.Helper()
	if _, err := w.client.Cancel(w.ctx, id); err != nil {
		w.Fatal(err)
	}
}

// read returns the next message as it is.
func (w *world) read(c *websocket.Conn) []byte {
	w.Helper()
	_, text, err := c.Read(w.ctx)
	if err != nil {
		w.Fatalf("read: %v", err)
	}
	return text
}

// until reads UI messages until one is as wanted.
func (w *world) until(c *websocket.Conn, what string, wanted func(message) bool) message {
	w.Helper()
	for {
		_, text, err := c.Read(w.ctx)
		if err != nil {
			w.Fatalf("waiting for %s: %v", what, err)
		}
		if strings.Contains(string(text), `"type":"ping"`) {
			continue
		}
		if m := decode(w.T, text); wanted(m) {
			return m
		}
	}
}

func (w *world) sub(c *websocket.Conn, mark views.Mark) {
	w.Helper()
	text, err := json.Marshal(request{Type: "sub", Epoch: mark.Epoch, Topics: mark.Topics})
	if err == nil {
		err = c.Write(w.ctx, websocket.MessageText, text)
	}
	if err != nil {
		w.Fatal(err)
	}
}

// closeCode reads until the server closes and returns its code.
func (w *world) closeCode(c *websocket.Conn) websocket.StatusCode {
	w.Helper()
	for {
		if _, _, err := c.Read(w.ctx); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}
