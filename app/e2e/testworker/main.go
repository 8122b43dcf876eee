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
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

type options struct {
	redisURL string
	dir      string
	burn     int
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
	flag.DurationVar(&o.cfg.WorkerTimeout, "worker-timeout", 0, "as the monitor's")
	flag.DurationVar(&o.cfg.HeartbeatInterval, "heartbeat-interval", 0, "between two heartbeats")
	flag.Func("queues", "names of the queues to work on, comma-separated; all by default", func(names string) error {
		o.cfg.Queues = map[string]int{}
		for name := range strings.SplitSeq(names, ",") {
			o.cfg.Queues[name] = 1
		}
		return nil
	})
	flag.IntVar(&o.burn, "burn", 0, "goroutines that keep a CPU busy each")
	flag.Parse()
	o.cfg.Log = slog.New(slog.NewJSONHandler(os.Stderr, nil))
	return o
}

func run(ctx context.Context, o options) error {
	client, err := queue.Open(ctx, o.redisURL)
	if err != nil {
		return err
	}
	for range o.burn {
		go burn(ctx)
	}
	b := bench{dir: o.dir, worker: o.cfg.Name}
	handlers := workers.Handlers{
		"gate": b.gate, "stubborn": b.stubborn, "work": b.work, "exit": b.exit, "panic": b.panic, "oom": b.oom,
	}
	return errors.Join(workers.New(client, handlers, o.cfg).Run(ctx), client.Close())
}

// bench is where the handlers work.
type bench struct{ dir, worker string }

// gate runs until the payload's gate is open or the task is cancelled. Its result is the worker's name.
func (b bench) gate(ctx context.Context, t *queue.Task) (any, error) { return b.wait(ctx, t) }

// stubborn is a gate that does not listen to its context, as a handler stuck in other people's code. Behind its gate
// it does what the payload's "then" says to the worker that "by" names: "fail", or "progress" and complete; else it
// completes.
func (b bench) stubborn(ctx context.Context, t *queue.Task) (any, error) {
	var payload struct{ Then, By string }
	if err := json.Unmarshal(t.Payload, &payload); err != nil {
		return nil, err
	}
	result, err := b.wait(context.Background(), t)
	if payload.By != b.worker {
		return result, err
	}
	switch {
	case err == nil && payload.Then == "fail":
		return nil, errors.New("failed as asked")
	case err == nil && payload.Then == "progress":
		t.Progress(ctx, 99, "by "+b.worker)
	}
	return result, err
}

// work takes the payload's milliseconds, or less where its context ends.
func (b bench) work(ctx context.Context, t *queue.Task) (any, error) {
	var payload struct{ MS int }
	if err := errors.Join(json.Unmarshal(t.Payload, &payload), b.note("start", t)); err != nil {
		return nil, err
	}
	select {
	case <-ctx.Done():
		return nil, errors.Join(context.Cause(ctx), b.note("cancelled", t))
	case <-time.After(time.Duration(payload.MS) * time.Millisecond):
		return b.worker, b.note("end", t)
	}
}

// exit takes the whole process down.
func (b bench) exit(_ context.Context, t *queue.Task) (any, error) {
	_ = b.note("start", t) // the end says enough
	os.Exit(7)
	return nil, nil
}

// panic panics.
func (b bench) panic(_ context.Context, t *queue.Task) (any, error) {
	panic(errors.Join(errors.New("poison"), b.note("start", t)))
}

// oom asks for more memory than any machine has, which the Go runtime ends the process for.
func (b bench) oom(_ context.Context, t *queue.Task) (any, error) {
	_ = b.note("start", t) // the end says enough
	var hoard [][]byte
	for {
		hoard = append(hoard, make([]byte, 1<<45))
		runtime.KeepAlive(hoard)
	}
}

// burn keeps one CPU busy.
func burn(ctx context.Context) {
	for n := uint64(1); ctx.Err() == nil; n = n*6364136223846793005 + 1 {
		runtime.KeepAlive(n)
	}
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
