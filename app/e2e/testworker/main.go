// Testworker is a worker whose handlers the tests steer: each writes to a log outside Redis when it begins and ends, and
// waits until its gate, a file, is there. It is a program of its own, so that a test can kill it or freeze it, and it
// uses the Go API as any user's program would.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

type options struct {
	redisURL string
	dir      string
	cfg      workers.Config
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := run(ctx, parse()); err != nil {
		slog.Error("the test worker failed", "error", err)
		os.Exit(1)
	}
}

func parse() options {
	var o options
	flag.StringVar(&o.redisURL, "redis-url", "", "Redis")
	flag.StringVar(&o.dir, "dir", "", "folder of the gates and the log")
	flag.StringVar(&o.cfg.Name, "name", "test", "the worker's name")
	flag.IntVar(&o.cfg.Slots, "slots", 1, "tasks at a time")
	flag.DurationVar(&o.cfg.ShutdownTimeout, "shutdown-timeout", 25*time.Second, "for running tasks to end after SIGTERM")
	flag.Parse()
	o.cfg.Log = slog.New(slog.NewJSONHandler(os.Stderr, nil))
	return o
}

func run(ctx context.Context, o options) error {
	client, err := queue.Open(ctx, o.redisURL)
	if err != nil {
		return err
	}
	b := bench{dir: o.dir, worker: o.cfg.Name}
	handlers := workers.Handlers{"gate": b.gate, "stubborn": b.stubborn}
	return errors.Join(workers.New(client, handlers, o.cfg).Run(ctx), client.Close())
}

// bench is where the handlers work.
type bench struct{ dir, worker string }

// gate runs until the payload's gate is open or the task is cancelled. Its result is the worker's name.
func (b bench) gate(ctx context.Context, t *queue.Task) (any, error) { return b.wait(ctx, t) }

// stubborn is a gate that does not listen to its context, as a handler stuck in other people's code.
func (b bench) stubborn(_ context.Context, t *queue.Task) (any, error) {
	return b.wait(context.Background(), t)
}

func (b bench) wait(ctx context.Context, t *queue.Task) (any, error) {
	var payload struct{ Gate string }
	if err := json.Unmarshal(t.Payload, &payload); err != nil {
		return nil, err
	}
	if err := b.note("start", t); err != nil {
		return nil, err
	}
	if err := b.await(ctx, payload.Gate); err != nil {
		return nil, errors.Join(err, b.note("cancelled", t))
	}
	return b.worker, b.note("end", t)
}

// await waits for the gate itself, or for the one that is this worker's own: NAME@WORKER.
func (b bench) await(ctx context.Context, gate string) error {
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for {
		for _, name := range []string{gate, gate + "@" + b.worker} {
			if _, err := os.Stat(filepath.Join(b.dir, name)); err == nil {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-poll.C:
		}
	}
}

// note appends a line to the log. One write below the size of a page is not torn, so all workers share the file.
func (b bench) note(what string, t *queue.Task) error {
	file, err := os.OpenFile(filepath.Join(b.dir, "executions"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "%s %s %d %s\n", what, t.ID, t.Attempt, b.worker)
	return errors.Join(err, file.Close())
}
