package redisdb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/loop"
)

const (
	memoryPromise = "Tasks survive an orderly stop; a crash or a power loss costs what changed since the last snapshot, " +
		"about two seconds. This store runs in the process on miniredis, a test double made for tests: good for trying " +
		"QueuePilot out, not for work that matters. Install redis-server for that (" + InstallHint + ")."

	// tick is the grain of time-outs: the library's stand still unless they are moved by hand.
	tick = 100 * time.Millisecond
	// saveEvery is how much a crash may cost.
	saveEvery = 2 * time.Second
	// saveShare keeps the pauses that snapshots make below a tenth of the time, however large they grow.
	saveShare = 10
	// readPatience bounds the reading of a snapshot: a million tasks take some seconds.
	readPatience = time.Minute
)

// memory is the store in this process.
type memory struct {
	redis  *miniredis.Miniredis
	client redis.UniversalClient
	file   string
	saved  checksum  // of what the file holds
	ticked time.Time // when time-outs last moved
	rested time.Time // no snapshot before this
}

func startMemory(ctx context.Context, cfg StoreConfig, lock *os.File) (*Store, error) {
	m := &memory{redis: miniredis.NewMiniRedis(), file: filepath.Join(cfg.Dir, snapshotName), ticked: time.Now()}
	if err := m.load(); err != nil {
		return nil, err
	}
	// Any program on this machine can reach the port, so it asks for a password that only we know.
	password := rand.Text()
	m.redis.RequireAuth(password)
	if err := m.redis.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	url := fmt.Sprintf("redis://:%s@%s", password, m.redis.Addr())
	var err error
	if m.client, err = Open(ctx, url+"?read_timeout="+readPatience.String()); err != nil {
		m.redis.Close()
		return nil, err
	}
	stop := m.keep(cfg)
	return &Store{URL: url, Kind: Memory, Promise: memoryPromise, stop: func() error {
		return errors.Join(stop(), lock.Close())
	}}, nil
}

// keep moves the clock and writes snapshots until the returned function is called, which writes the last one.
func (m *memory) keep(cfg StoreConfig) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	var loops sync.WaitGroup
	loops.Go(func() { _ = loop.Run(ctx, tick, nil, m.moveClock, nil) })
	loops.Go(func() { _ = loop.Run(ctx, saveEvery, nil, m.saveSometimes, loop.Log(cfg.Log, "snapshot of the store")) })
	return func() error {
		cancel()
		loops.Wait()
		err := m.save(context.Background())
		err = errors.Join(err, m.client.Close())
		m.redis.Close()
		return err
	}
}

func (m *memory) moveClock(context.Context) error {
	now := time.Now()
	m.redis.FastForward(now.Sub(m.ticked))
	m.ticked = now
	return nil
}

// saveSometimes saves, unless the last snapshot took so long that the store would do little else.
func (m *memory) saveSometimes(ctx context.Context) error {
	began := time.Now()
	if began.Before(m.rested) {
		return nil
	}
	err := m.save(ctx)
	m.rested = time.Now().Add(saveShare * time.Since(began))
	return err
}

// save writes a snapshot where anything changed since the last.
func (m *memory) save(ctx context.Context) error {
	records, err := readAll(ctx, m.client)
	if err != nil {
		return err
	}
	body, sum, err := encode(records)
	if err != nil || sum == m.saved {
		return err
	}
	if err := writeSnapshot(m.file, body, sum); err != nil {
		return fmt.Errorf("write a snapshot of the store: %w", err)
	}
	m.saved = sum
	return nil
}

// load fills the store from its file. No file is an empty store.
func (m *memory) load() error {
	records, err := readSnapshot(m.file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w; restore %s from a copy, or move it away to start without its tasks", err, m.file)
	}
	for _, r := range records {
		if err := r.put(m.redis, time.Now()); err != nil {
			return fmt.Errorf("load %q of the snapshot: %w", r.Key, err)
		}
	}
	return nil
}
