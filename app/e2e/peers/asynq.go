package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/bench"
	"github.com/xuniquepatel/queue-pilot/app/redisdb"
)

const (
	asynqName = "asynq"
	// asynqRetention keeps what is completed, as all others do.
	asynqRetention = time.Hour
	// asynqPolling is asynq's default, and how long it is left idle between two tasks on average, so that they come at any
	// moment of its pause between two looks. asynqFastPolling is the lowest that does not keep Redis busy for nothing.
	asynqPolling, asynqFastPolling = time.Second, 10 * time.Millisecond
)

// asynqPeer is asynq; polling is the pause between two looks at an empty queue.
type asynqPeer struct {
	name    string
	polling time.Duration
	server  asynq.RedisClientOpt
	rdb     redis.UniversalClient
	client  *asynq.Client
}

func openAsynq(ctx context.Context, url string) (opened, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return opened{}, err
	}
	rdb, err := redisdb.Open(ctx, url)
	if err != nil {
		return opened{}, err
	}
	name := asynqName + " " + version("github.com/hibiken/asynq")
	newPeer := func(name string, polling time.Duration) *asynqPeer {
		server := asynq.RedisClientOpt{Network: o.Network, Addr: o.Addr}
		return &asynqPeer{name: name, polling: polling, server: server, rdb: rdb, client: asynq.NewClient(server)}
	}
	plain, fast := newPeer(name, asynqPolling), newPeer(name+", polls every 10 ms", asynqFastPolling)
	return opened{
		lines: []line{
			{peer: plain, samples: 12},
			{peer: fast, samples: 150, only: []string{"pickup"}},
		},
		settings: []string{"asynq: Retention 1 h on each task; TaskCheckInterval is 1 s by default, where no line says otherwise, and its other " +
			"settings are the defaults"},
		close: func() error { return errors.Join(plain.client.Close(), fast.client.Close(), rdb.Close()) },
	}, nil
}

func (p *asynqPeer) Name() string { return p.name }

// Reset also forgets the client, which would not name its queue to an empty Redis again.
func (p *asynqPeer) Reset(ctx context.Context) error {
	err := errors.Join(p.client.Close(), p.rdb.FlushDB(ctx).Err())
	p.client = asynq.NewClient(p.server)
	return err
}

func (p *asynqPeer) Submit(ctx context.Context, n, producers, batch int) error {
	if batch > 1 {
		return errNone
	}
	payload := bench.Payload()
	return share(n, producers, 1, func(int) error { return p.submitOne(ctx, payload) })
}

func (p *asynqPeer) submitOne(ctx context.Context, payload []byte) error {
	_, err := p.client.EnqueueContext(ctx, asynq.NewTask("noop", payload), asynq.Retention(asynqRetention))
	return err
}

func (p *asynqPeer) Drain(ctx context.Context, n, slots int) (time.Duration, error) {
	return p.run(ctx, n, slots, func() error { return nil })
}

// Both starts the server once the first tasks are there: one that found nothing would lose up to 1.5 s of the rate.
func (p *asynqPeer) Both(ctx context.Context, n, producers, slots int) (time.Duration, error) {
	return p.run(ctx, n, slots, func() error { return p.Submit(ctx, n, producers, 1) })
}

// run counts until n tasks are recorded as completed, with submit at work beside the server.
func (p *asynqPeer) run(ctx context.Context, n, slots int, submit func() error) (time.Duration, error) {
	handled := newTally(n)
	server := p.newServer(slots)
	submitted := make(chan error, 1)
	began := time.Now()
	go func() { submitted <- submit() }()
	if err := until(ctx, p.waiting); err != nil {
		return 0, errors.Join(err, <-submitted)
	}
	if err := server.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error {
		handled.ran()
		return nil
	})); err != nil {
		return 0, errors.Join(err, <-submitted)
	}
	defer server.Shutdown()
	if err := errors.Join(<-submitted, handled.wait(ctx)); err != nil {
		return 0, err
	}
	err := until(ctx, func() (bool, error) {
		done, err := p.completed(ctx)
		return done >= int64(n), err
	})
	return time.Since(began), errors.Join(err, handled.exact())
}

// waiting is whether a task is there to run.
func (p *asynqPeer) waiting() (bool, error) {
	n, err := p.rdb.LLen(context.Background(), "asynq:{default}:pending").Result()
	return n > 0, err
}

// completed is how many tasks are recorded as such.
func (p *asynqPeer) completed(ctx context.Context) (int64, error) {
	return p.rdb.ZCard(ctx, "asynq:{default}:completed").Result()
}

func (p *asynqPeer) newServer(slots int) *asynq.Server {
	return asynq.NewServer(p.server, asynq.Config{
		Concurrency: slots, TaskCheckInterval: p.polling, LogLevel: asynq.ErrorLevel,
	})
}

func (p *asynqPeer) PickUp(ctx context.Context, samples int) ([]time.Duration, error) {
	picked := make(chan time.Time, 1)
	server := p.newServer(pickUpSlots)
	if err := server.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error {
		picked <- time.Now()
		return nil
	})); err != nil {
		return nil, fmt.Errorf("start asynq's server: %w", err)
	}
	defer server.Shutdown()
	payload := bench.Payload()
	return pickUps(ctx, samples, p.polling, picked, func() error { return p.submitOne(ctx, payload) })
}

func (p *asynqPeer) Bytes(ctx context.Context, n int) (float64, error) {
	return redisBytes(ctx, p.rdb, p, n, 16, 1)
}
