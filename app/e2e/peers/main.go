// Command peers runs the same work on QueuePilot and on asynq, in turns on one redis-server of its own, and prints the
// rates and their ratio. It is a module of its own, so that users of QueuePilot do not get its peers.
//
//	cd app/e2e/peers && go run . -tasks 100000 -slots 64 -rounds 3
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/scheduler"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// payload has the 128 bytes that the figures of peers are usually given for.
var payload = []byte(`"` + strings.Repeat("x", 126) + `"`)

func main() {
	tasks := flag.Int("tasks", 100000, "no-op tasks in the backlog")
	slots := flag.Int("slots", 64, "tasks run at once by the one worker")
	rounds := flag.Int("rounds", 3, "rounds, each of both; the medians count")
	flag.Parse()
	if err := compare(*tasks, *slots, *rounds); err != nil {
		log.Fatal(err)
	}
}

func compare(tasks, slots, rounds int) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	dir, err := os.MkdirTemp("", "peers")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a folder for temporary files
	quiet := slog.New(slog.DiscardHandler)
	store, err := redisdb.Start(ctx, redisdb.StoreConfig{Kind: redisdb.RedisServer, Dir: dir, Log: quiet})
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // its data goes with the folder
	fmt.Printf("drain of %d no-op tasks by one worker with %d slots, 128-byte payload, AOF everysec\n", tasks, slots)
	var ours, theirs []float64
	for range rounds {
		a, err := drainOurs(ctx, store.URL, tasks, slots)
		if err != nil {
			return err
		}
		b, err := drainAsynq(ctx, store.URL, tasks, slots)
		if err != nil {
			return err
		}
		fmt.Printf("  QueuePilot %7.0f/s   asynq %7.0f/s   x%.1f\n", a, b, a/b)
		ours, theirs = append(ours, a), append(theirs, b)
	}
	fmt.Printf("median: QueuePilot %.0f/s, asynq %.0f/s, x%.1f\n", median(ours), median(theirs), median(ours)/median(theirs))
	return nil
}

func median(rates []float64) float64 {
	slices.Sort(rates)
	return rates[len(rates)/2]
}

// countdown is a handler's part that both have: it says when the last task ran.
type countdown struct {
	sync.WaitGroup
}

func (c *countdown) handle(context.Context, *queue.Task) (any, error) {
	c.Done()
	return nil, nil
}

// drainOurs counts until the last outcome is recorded, with scheduler and monitor at work beside the worker.
func drainOurs(ctx context.Context, url string, tasks, slots int) (perSecond float64, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	c, err := queue.Open(ctx, url)
	if err != nil {
		return 0, err
	}
	defer c.Close() //nolint:errcheck // nothing is left to write
	if err := c.Redis().FlushAll(ctx).Err(); err != nil {
		return 0, err
	}
	backlog := make([]queue.Task, tasks)
	for i := range backlog {
		backlog[i] = queue.Task{Type: "noop", Payload: payload}
	}
	if _, err := c.Submit(ctx, backlog...); err != nil {
		return 0, err
	}
	var left countdown
	left.Add(tasks)
	quiet := slog.New(slog.DiscardHandler)
	var pools sync.WaitGroup
	pools.Go(func() { _ = scheduler.New(c, scheduler.Config{Log: quiet}).Run(ctx) })
	pools.Go(func() { _ = monitor.New(c, monitor.Config{Log: quiet}).Run(ctx) })
	began := time.Now()
	pools.Go(func() {
		err = workers.New(c, workers.Handlers{"noop": left.handle}, workers.Config{Slots: slots, Log: quiet}).Run(ctx)
	})
	left.Wait()
	if err := allRecorded(ctx, c, tasks); err != nil {
		return 0, err
	}
	perSecond = float64(tasks) / time.Since(began).Seconds()
	stop()
	pools.Wait()
	return perSecond, err
}

func allRecorded(ctx context.Context, c *queue.Client, tasks int) error {
	for {
		s, err := monitor.ReadSnapshot(ctx, c)
		if err != nil || s.Totals.Completed == int64(tasks) {
			return err
		}
	}
}

// drainAsynq counts until the last handler ran, which is a little in its favour.
func drainAsynq(ctx context.Context, url string, tasks, slots int) (perSecond float64, err error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return 0, err
	}
	if err := redis.NewClient(o).FlushAll(ctx).Err(); err != nil {
		return 0, err
	}
	opt := asynq.RedisClientOpt{Network: o.Network, Addr: o.Addr}
	client := asynq.NewClient(opt)
	defer client.Close() //nolint:errcheck // nothing is left to write
	for range tasks {
		if _, err := client.Enqueue(asynq.NewTask("noop", payload), asynq.Retention(time.Hour)); err != nil {
			return 0, err
		}
	}
	var left countdown
	left.Add(tasks)
	server := asynq.NewServer(opt, asynq.Config{Concurrency: slots, LogLevel: asynq.ErrorLevel})
	began := time.Now()
	err = server.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error {
		left.Done()
		return nil
	}))
	if err != nil {
		return 0, err
	}
	defer server.Shutdown()
	left.Wait()
	return float64(tasks) / time.Since(began).Seconds(), nil
}
