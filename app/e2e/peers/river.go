package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/xuniquepatel/queue-pilot/app/bench"
)

const (
	riverName = "River"
	// riverFastCooldown is the shortest pause between two fetches that River allows. By default it is 100 ms, which
	// bounds 64 slots to 640 tasks a second, whatever the database can do.
	riverFastCooldown = river.FetchCooldownMin
	// riverWorkers is the size at which River is at its best.
	riverWorkers = 1000
	// riverIdle is how long its worker is left idle on average, at the least, between two tasks.
	riverIdle = 10 * time.Millisecond
	// riverStop is how long River's client may take to stop.
	riverStop = 30 * time.Second
)

// riverPeer is River on PostgreSQL.
type riverPeer struct {
	name     string
	cooldown time.Duration // FetchCooldown
	pool     *pgxpool.Pool
	inserts  *river.Client[pgx.Tx]
}

// noop is a task: its arguments are the payload as it is.
type noop struct{ json.RawMessage }

func (noop) Kind() string { return "noop" }

func openRiver(ctx context.Context, _ string) (opened, error) {
	c, err := startPostgres(ctx)
	if err != nil {
		return opened{}, err
	}
	pool, err := c.open(ctx)
	if err != nil {
		return opened{}, errors.Join(err, c.stop())
	}
	o, err := riverLines(ctx, pool)
	o.close = func() error {
		pool.Close()
		return c.stop()
	}
	if err != nil {
		return opened{}, errors.Join(err, o.close())
	}
	return o, nil
}

func riverLines(ctx context.Context, pool *pgxpool.Pool) (opened, error) {
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return opened{}, err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return opened{}, fmt.Errorf("make River's tables: %w", err)
	}
	var server string
	if err := pool.QueryRow(ctx, "SHOW server_version").Scan(&server); err != nil {
		return opened{}, err
	}
	server, _, _ = strings.Cut(server, " ")
	name := riverName + " " + version("github.com/riverqueue/river")
	plain, plainErr := newRiver(name, pool, river.FetchCooldownDefault)
	fast, fastErr := newRiver(name+", cooldown 1 ms", pool, riverFastCooldown)
	most, mostErr := newRiver(name+", cooldown 1 ms, 1,000 workers", pool, riverFastCooldown)
	return opened{
		lines: []line{
			{peer: plain, samples: 30, most: 1500},
			{peer: fast, samples: 100, only: []string{"drain", "both", "pickup"}},
			{peer: most, slots: riverWorkers, only: []string{"drain", "both"}},
		},
		settings: []string{fmt.Sprintf("River: PostgreSQL %s with %s (as safe as an append-only file that is synced every second), up to %d "+
			"connections; batches by InsertManyFast; FetchCooldown is 100 ms by default, where no line says otherwise, and its other "+
			"settings are the defaults", server, strings.Join(postgresSettings, ", "), postgresConnections)},
	}, errors.Join(plainErr, fastErr, mostErr)
}

func newRiver(name string, pool *pgxpool.Pool, cooldown time.Duration) (*riverPeer, error) {
	p := &riverPeer{name: name, cooldown: cooldown, pool: pool}
	var err error
	p.inserts, err = p.newClient(nil, nil)
	return p, err
}

// newClient returns a client that inserts tasks, and where it has handlers runs them, too. It tells the workers of new
// tasks no more often than they may fetch.
func (p *riverPeer) newClient(queues map[string]river.QueueConfig, handlers *river.Workers) (*river.Client[pgx.Tx], error) {
	return river.NewClient(riverpgxv5.New(p.pool), &river.Config{
		FetchCooldown: p.cooldown, Logger: slog.New(slog.DiscardHandler), Queues: queues, Workers: handlers,
	})
}

func (p *riverPeer) Name() string { return p.name }

// Reset also lets PostgreSQL write now what it would write while another peer is measured.
func (p *riverPeer) Reset(ctx context.Context) error {
	if _, err := p.pool.Exec(ctx, "TRUNCATE river_job"); err != nil {
		return fmt.Errorf("empty River's table: %w", err)
	}
	_, err := p.pool.Exec(ctx, "CHECKPOINT")
	return err
}

func (p *riverPeer) Submit(ctx context.Context, n, producers, batch int) error {
	return share(n, producers, batch, func(tasks int) error { return p.insert(ctx, tasks) })
}

func (p *riverPeer) insert(ctx context.Context, tasks int) error {
	task := noop{bench.Payload()}
	if tasks == 1 {
		_, err := p.inserts.Insert(ctx, task, nil)
		return err
	}
	batch := make([]river.InsertManyParams, tasks)
	for i := range batch {
		batch[i].Args = task
	}
	_, err := p.inserts.InsertManyFast(ctx, batch)
	return err
}

func (p *riverPeer) Drain(ctx context.Context, n, slots int) (time.Duration, error) {
	return p.run(ctx, n, slots, func() error { return nil })
}

func (p *riverPeer) Both(ctx context.Context, n, producers, slots int) (time.Duration, error) {
	return p.run(ctx, n, slots, func() error { return p.Submit(ctx, n, producers, 1) })
}

// run counts until n tasks are recorded as completed, with submit at work beside the worker.
func (p *riverPeer) run(ctx context.Context, n, slots int, submit func() error) (took time.Duration, err error) {
	handled := newTally(n)
	began := time.Now()
	stop, err := p.work(ctx, slots, handled.ran)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, stop(), handled.exact()) }()
	if err := errors.Join(submit(), handled.wait(ctx)); err != nil {
		return 0, err
	}
	err = until(ctx, func() (idle bool, err error) {
		const query = "SELECT NOT EXISTS (SELECT FROM river_job WHERE state IN ('available', 'running', 'retryable', 'scheduled'))"
		err = p.pool.QueryRow(ctx, query).Scan(&idle)
		return idle, err
	})
	return time.Since(began), err
}

// work starts a worker, and returns how to stop it.
func (p *riverPeer) work(ctx context.Context, slots int, handle func()) (stop func() error, err error) {
	handlers := river.NewWorkers()
	river.AddWorker(handlers, river.WorkFunc(func(context.Context, *river.Job[noop]) error {
		handle()
		return nil
	}))
	client, err := p.newClient(map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: slots}}, handlers)
	if err != nil {
		return nil, err
	}
	if err := client.Start(ctx); err != nil {
		return nil, fmt.Errorf("start River's client: %w", err)
	}
	return func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), riverStop)
		defer cancel()
		return client.Stop(ctx)
	}, nil
}

// PickUp leaves the worker idle for longer than its pause between two fetches.
func (p *riverPeer) PickUp(ctx context.Context, samples int) (took []time.Duration, err error) {
	picked := make(chan time.Time, 1)
	stop, err := p.work(ctx, pickUpSlots, func() { picked <- time.Now() })
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	idle := max(2*p.cooldown, riverIdle)
	return pickUps(ctx, samples, idle, picked, func() error { return p.insert(ctx, 1) })
}

// Bytes are those of the table and its indexes.
func (p *riverPeer) Bytes(ctx context.Context, n int) (float64, error) {
	before, err := p.size(ctx)
	if err != nil {
		return 0, err
	}
	if err := p.Submit(ctx, n, 1, fillBatch); err != nil {
		return 0, err
	}
	after, err := p.size(ctx)
	return float64(after-before) / float64(n), err
}

func (p *riverPeer) size(ctx context.Context) (bytes int64, err error) {
	err = p.pool.QueryRow(ctx, "SELECT pg_total_relation_size('river_job')").Scan(&bytes)
	return bytes, err
}
