// Command peers runs the same work on QueuePilot and on other queues, in turns in the same run, and prints the rates and
// their ratios: asynq and BullMQ on the same redis-server of its own, River on a PostgreSQL of its own; and what the bare
// Redis does. It is a module of its own, so that users of QueuePilot do not get its peers.
//
//	cd app/e2e/peers && npm ci --prefix bullmq && go run . [-rounds 3] [-only drain,batch] [-peers queuepilot,asynq] [-json]
//
// Every task has a payload of 128 bytes and a handler that does nothing, runs at least once, and is kept when completed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/redisdb"
)

type options struct {
	sizes
	rounds      int
	only, peers string
	json        bool
	markdown    string
}

func main() {
	var o options
	flag.IntVar(&o.tasks, "tasks", 40000, "tasks in the backlog; the other measurements take their part of it")
	flag.IntVar(&o.slots, "slots", 64, "tasks run at once by the one worker")
	flag.IntVar(&o.rounds, "rounds", 3, "rounds, each of all measurements on all peers; the medians count")
	flag.StringVar(&o.only, "only", "", "measurements, comma-separated, of submit1,submit16,batch,drain,both,pickup,bytes; all by default")
	flag.StringVar(&o.peers, "peers", "", "peers, comma-separated, of queuepilot,asynq,river,bullmq,floor; all by default")
	flag.BoolVar(&o.json, "json", false, "print JSON")
	flag.StringVar(&o.markdown, "markdown", "", "Markdown file whose table is replaced, where it exists and all was measured")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// run compares, and writes what it found out.
func run(ctx context.Context, o options) error {
	chosen, err := choose(o.peers, openers, func(p opener) string { return p.name })
	if err != nil {
		return err
	}
	measured, err := choose(o.only, measurements(), func(m measurement) string { return m.name })
	if err != nil {
		return err
	}
	r, err := compare(ctx, o, chosen, measured)
	if err != nil {
		return err
	}
	if o.markdown != "" && o.only == "" && o.peers == "" {
		if err := r.writeMarkdown(o.markdown); err != nil {
			return err
		}
	}
	if o.json {
		return r.writeJSON(os.Stdout)
	}
	return r.write(os.Stdout)
}

// choose returns those of all that are named, comma-separated; all for "".
func choose[T any](named string, all []T, name func(T) string) ([]T, error) {
	if named == "" {
		return all, nil
	}
	var chosen []T
	for want := range strings.SplitSeq(named, ",") {
		i := slices.IndexFunc(all, func(one T) bool { return name(one) == want })
		if i < 0 {
			return nil, fmt.Errorf("there is no %q; -h names them", want)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// compare starts a Redis and the peers, runs the rounds and stops them all.
func compare(ctx context.Context, o options, chosen []opener, measured []measurement) (r report, err error) {
	dir, err := os.MkdirTemp("", "peers")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	store, err := redisdb.Start(ctx, redisdb.StoreConfig{
		Kind: redisdb.RedisServer, Dir: filepath.Join(dir, "redis"), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	rdb, err := redisdb.Open(ctx, store.URL)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, rdb.Close()) }()
	r.comparison = &comparison{rdb: rdb, measurements: measured, sizes: o.sizes, results: results{}, progress: progress}
	common, err := settings(ctx, o, rdb)
	if err != nil {
		return r, err
	}
	r.settings = append(r.settings, common)
	closePeers, err := r.open(ctx, chosen, store.URL)
	r.lines = slices.DeleteFunc(r.lines, func(l line) bool { return !slices.ContainsFunc(measured, l.has) })
	r.settings = append(r.settings, r.particulars())
	for i := 0; i < o.rounds && err == nil; i++ {
		progress(fmt.Sprintf("round %d of %d", i+1, o.rounds))
		err = r.round(ctx, i)
	}
	return r, errors.Join(err, closePeers())
}

// open opens the peers that can be had here.
func (r *report) open(ctx context.Context, chosen []opener, url string) (closeAll func() error, err error) {
	var closers []func() error
	closeAll = func() (err error) {
		for _, c := range closers {
			err = errors.Join(err, c())
		}
		return err
	}
	for _, p := range chosen {
		o, err := p.open(ctx, url)
		var why notHere
		if errors.As(err, &why) {
			r.notRun = append(r.notRun, fmt.Sprintf("%s: not run: %s", p.title, why))
			continue
		}
		if err != nil {
			return closeAll, fmt.Errorf("open %s: %w", p.title, err)
		}
		closers = append(closers, o.close)
		r.lines = append(r.lines, o.lines...)
		r.settings = append(r.settings, o.settings...)
	}
	return closeAll, nil
}

// settings says what all have in common.
func settings(ctx context.Context, o options, rdb redis.UniversalClient) (string, error) {
	info, err := rdb.InfoMap(ctx, "server").Result()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("All: %d rounds; payload of 128 bytes, no-op handler, completed tasks kept; %s tasks in batches, in the backlog "+
		"and for the bytes, half of them by 16 producers, a quarter one by one and in submit + drain; one worker of %d slots where no "+
		"line says otherwise; %d cores for clients and servers; %s; Redis %s (append-only file, synced every second; unix socket)",
		o.rounds, grouped(float64(o.tasks)), o.slots, runtime.NumCPU(), runtime.Version(), info["Server"]["redis_version"]), nil
}

func progress(text string) { fmt.Fprintln(os.Stderr, text) }
