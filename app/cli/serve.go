package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
)

// serveCmd runs everything in one process.
type serveCmd struct{ Config }

// Run implements the command.
func (c *serveCmd) Run(ctx context.Context, std streams) error {
	return runRoles(ctx, std, c.Config, All)
}

// runRoles opens the app, says where it is to be found, and runs it until ctx ends.
func runRoles(ctx context.Context, std streams, cfg Config, roles Roles) error {
	if err := cfg.checkRoles(roles); err != nil {
		return err
	}
	log := newLog(std.err, cfg)
	app, err := Open(ctx, cfg, roles, log)
	if err != nil && ctx.Err() != nil {
		return nil // told to stop before it began
	}
	if err != nil {
		return err
	}
	app.nameStore()
	if app.web != nil {
		app.greet(std.err)
	}
	err = app.Run(ctx)
	if err == nil {
		log.Info("stopped")
	}
	return err
}

// nameStore says who keeps the tasks, and what a store of our own promises. What a named Redis promises is the check's to
// tell, now or once it answers.
func (a *App) nameStore() {
	if a.store == nil {
		a.log.Info("store", "kept_by", a.storeName())
		return
	}
	a.log.Info("store", "kept_by", a.storeNote())
}

// greet says where the dashboard is, and how to submit a first task.
func (a *App) greet(w io.Writer) {
	url := a.URL()
	if a.cfg.LogFormat == "json" {
		a.log.Info("listening", "url", url, "version", Version())
	} else {
		fmt.Fprintf(w, "\nQueuePilot %s, dashboard: %s\nSubmit a task: "+
			"curl %s/submit_task -d '{\"task\":{\"id\":\"T1\",\"payload\":\"hello\"}}'\n\n", Version(), url, url)
	}
	if host, _, _ := net.SplitHostPort(a.cfg.Addr); !loopback(host) {
		a.log.Warn("whoever reaches this address may submit and cancel tasks", "addr", a.cfg.Addr)
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

var logLevels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}

func newLog(w io.Writer, cfg Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: logLevels[cfg.LogLevel]}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
