// Package web is QueuePilot's HTTP server: the REST API, the three endpoints kept from the Python system, the pages and
// the doors of the WebSockets. It parses, checks, calls app/queue, monitor or app/live, and answers; it owns no state
// of its own. routes.go lists every route.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/xuniquepatel/queue-pilot/app/live"
	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
)

// Limits of one request. All of Fiber's own time-outs are unlimited by default.
const (
	readTimeout    = 30 * time.Second // of a whole request: 16 MiB at 5 Mbit/s; ends slow-loris clients
	writeTimeout   = 30 * time.Second // of a whole answer
	idleTimeout    = 75 * time.Second // of a kept-alive connection; above the 60 s of common proxies
	requestTimeout = 10 * time.Second // of a handler's work in Redis; long polls have their own
	drainTimeout   = 5 * time.Second  // for requests under way when the server stops
	headerLimit    = 8 << 10          // bytes of request line and headers together; every open socket keeps a buffer of it
	urlLimit       = 4 << 10          // bytes of path and query
	bodyLimit      = 16 << 20         // bytes: a batch of 10,000 tasks of 1.6 KB
	submitLimit    = queue.MaxPayload + 100<<10
)

// Config says where the server listens and what it tells of itself.
type Config struct {
	Addr        string        // host:port; port 0 takes a free one, see Server.Addr
	Listener    net.Listener  // where Addr is taken already; Server closes it
	CORSOrigins []string      // origins ("https://example.com") whose pages may call the API; none by default
	Version     string        // shown by /healthz and in the pages' footer
	Log         *slog.Logger  // slog.Default() where nil
	StoreNote   func() string // what the store promises by now; shown in the pages' footer; nothing where nil
	Dev         bool          // serve /dev/components
	Drills      bool          // let workers be stopped for drills
	Environment string        // the name that pages have in their header and title; nothing where empty

	readTimeout time.Duration // 30 s where 0; tests take less
}

// Server answers HTTP for one process. Make it with New; its methods may be called from any goroutine.
type Server struct {
	client *queue.Client
	hub    *live.Hub
	cfg    Config
	app    *fiber.App
	ln     net.Listener

	snapshots *coalescer[struct{}, *monitor.Snapshot]
	listings  *coalescer[int, listing] // by limit
	failures  *coalescer[struct{}, *queue.Failures]

	lastFailures atomic.Pointer[queue.Failures] // what the API read last
	writeBuffers sync.Pool                      // of the sockets, which seldom write at the same moment

	stopping context.Context // ends long polls when the server stops
	stop     context.CancelFunc
}

// New builds the server and all its routes. It opens nothing: see Listen and Run.
func New(c *queue.Client, hub *live.Hub, cfg Config) *Server {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.StoreNote == nil {
		cfg.StoreNote = func() string { return "" }
	}
	if cfg.readTimeout == 0 {
		cfg.readTimeout = readTimeout
	}
	s := &Server{client: c, hub: hub, cfg: cfg, ln: cfg.Listener}
	s.stopping, s.stop = context.WithCancel(context.Background())
	s.snapshots = newCoalescer(s.readSnapshot)
	s.listings = newCoalescer(s.readListing)
	s.failures = newCoalescer(s.readFailures)
	s.app = fiber.New(fiber.Config{
		AppName:                      "QueuePilot",
		DisableStartupMessage:        true,
		Immutable:                    true, // strings of a request stay valid after its handler returned
		CaseSensitive:                true,
		ReadTimeout:                  cfg.readTimeout,
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		BodyLimit:                    bodyLimit,
		Concurrency:                  mostConnections(),
		ReadBufferSize:               headerLimit,
		DisablePreParseMultipartForm: true,
		EnableTrustedProxyCheck:      true, // and no proxy named: X-Forwarded-* is not believed
		ErrorHandler:                 s.answerError,
	})
	s.routes()
	return s
}

// Listen takes the address, so that it is known before Run; Run calls it where nobody has.
func (s *Server) Listen() error {
	if s.ln != nil {
		return nil
	}
	ln, err := net.Listen("tcp", s.cfg.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s.cfg.Addr, err)
	}
	s.ln = ln
	return nil
}

// Addr is the address that Listen took, with the real port.
func (s *Server) Addr() net.Addr { return s.ln.Addr() }

// Run listens until ctx ends, then takes no more requests and gives those under way 5 s. Sockets outlive it: the hub
// closes them. It returns an error where it could not listen, or where requests were cut off.
func (s *Server) Run(ctx context.Context) error {
	if err := s.Listen(); err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- s.app.Listener(lingerListener{patientListener{s.ln, s.cfg.Log}}) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	s.stop()
	err := s.app.ShutdownWithTimeout(drainTimeout)
	_ = s.ln.Close() // Shutdown knows no listener yet where it came before the first Accept
	if serveErr := <-served; err == nil && !errors.Is(serveErr, net.ErrClosed) {
		err = serveErr
	}
	if err != nil {
		return fmt.Errorf("stop HTTP: %w", err)
	}
	return nil
}

// Close gives the address back where Run was never called.
func (s *Server) Close() error {
	s.stop()
	if s.ln == nil {
		return nil
	}
	return s.ln.Close()
}
