package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"syscall"

	"github.com/xuniquepatel/queue-pilot/app/live"
	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb"
	"github.com/xuniquepatel/queue-pilot/app/web"
)

// Roles says which parts of QueuePilot run in a process.
type Roles uint8

// The roles. Any number of processes may run any of them on one Redis.
const (
	Web Roles = 1 << iota
	Scheduler
	Monitor
	Worker
	All = Web | Scheduler | Monitor | Worker
)

// App is a QueuePilot process as a value: Open it, Run it. It is what `queuepilot serve` runs, with nothing left out.
type App struct {
	cfg    Config
	roles  Roles
	log    *slog.Logger
	store  *redisdb.Store // nil where a Redis was named
	client *queue.Client
	check  *check
	hub    *live.Hub
	web    *web.Server // nil without the role Web
}

// Open takes the address, starts the store where no Redis is named, and builds the parts. Nothing works yet: call
// Run, or Close. A named Redis need not answer yet; one that answers and cannot be worked on is refused. An error says
// the fix; log may be nil for slog.Default().
func Open(ctx context.Context, cfg Config, roles Roles, log *slog.Logger) (*App, error) {
	if log == nil {
		log = slog.Default()
	}
	if err := cfg.checkRoles(roles); err != nil {
		return nil, err
	}
	a := &App{cfg: cfg, roles: roles, log: log}
	if err := a.build(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// checkRoles checks the settings for these roles. A store of one's own cannot be shared: roles apart need a Redis.
func (c Config) checkRoles(roles Roles) error {
	if roles != All && c.Store != "" {
		return usagef("--store is for serve, which brings a store of its own: a role apart works on a Redis that others " +
			"reach too. Leave out --store (and QUEUEPILOT_STORE) and pass --redis-url redis://HOST:6379")
	}
	if err := c.check(); err != nil {
		return err
	}
	if roles != All && c.RedisURL == "" {
		return errors.New("a role apart needs a Redis that the others reach too: pass --redis-url redis://HOST:6379 (or set " +
			"REDIS_URL), or run everything in one process with queuepilot serve")
	}
	return nil
}

// build makes the parts. The address comes first: what cannot be reached need not start a store.
func (a *App) build(ctx context.Context) error {
	hubConfig := live.Config{Version: Version(), Log: a.log, Drills: a.cfg.Drills}
	if a.roles&Web == 0 {
		return a.openStore(ctx)
	}
	ln, err := listen(a.cfg.Addr)
	if err != nil {
		return err
	}
	if err := a.openStore(ctx); err != nil {
		return errors.Join(err, ln.Close())
	}
	a.hub = live.New(a.client, hubConfig)
	a.web = web.New(a.client, a.hub, web.Config{
		Listener: ln, CORSOrigins: a.cfg.CORSOrigins, Version: Version(), Log: a.log, StoreNote: a.storeNote,
		Dev: a.cfg.Dev, Drills: a.cfg.Drills, Environment: a.cfg.Environment,
	})
	return nil
}

func (a *App) openStore(ctx context.Context) error {
	url := a.cfg.RedisURL
	if url == "" {
		store, err := redisdb.Start(ctx, redisdb.StoreConfig{Kind: a.storeKind(), Dir: a.cfg.DataDir, Log: a.log})
		if err != nil {
			return fmt.Errorf("start a store in %s (--data-dir): %w", a.cfg.DataDir, err)
		}
		a.store, url = store, store.URL
	}
	rdb, err := redisdb.Open(ctx, url)
	if err != nil {
		return usagef("--redis-url: %w", err)
	}
	a.client = queue.New(rdb).WithWaitReplicas(a.cfg.WaitReplicas)
	a.check = newCheck(a.client, a.log)
	if err := a.check.atStart(ctx); err != nil {
		return fmt.Errorf("%s: %w", a.storeName(), err)
	}
	return nil
}

func (a *App) storeKind() string {
	if a.cfg.Store == "" {
		return "auto"
	}
	return a.cfg.Store
}

// storeName says who keeps the tasks.
func (a *App) storeName() string {
	if a.store == nil {
		return "Redis at " + redisdb.Redact(a.cfg.RedisURL)
	}
	return a.store.Kind
}

// storeNote says who keeps the tasks, and what that promises, as far as it is known by now. Any goroutine may call it.
func (a *App) storeNote() string {
	promise := a.check.promised()
	if a.store != nil {
		promise = a.store.Promise
	}
	if promise == "" {
		return a.storeName()
	}
	return a.storeName() + ": " + promise
}

// URL is where the dashboard answers; empty without the role Web.
func (a *App) URL() string {
	if a.web == nil {
		return ""
	}
	host, port, _ := net.SplitHostPort(a.web.Addr().String())
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// Close gives back what Open took. Run calls it; call it yourself only where Run was not called.
func (a *App) Close() error {
	var errs []error
	if a.web != nil {
		errs = append(errs, ignoreClosed(a.web.Close()))
	}
	if a.client != nil {
		errs = append(errs, a.client.Close())
	}
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	return errors.Join(errs...)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// listen takes the address, and says what to do where another program has it.
func listen(addr string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("address %s is in use: stop the other program or pass --addr %s", addr, nextPort(addr))
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w; pass another --addr", addr, err)
	}
	return ln, nil
}

func nextPort(addr string) string {
	host, port, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(port)
	if n++; n > 65535 {
		n = firstUserPort
	}
	return net.JoinHostPort(host, strconv.Itoa(n))
}
