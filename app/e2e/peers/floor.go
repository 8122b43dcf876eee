package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/xuniquepatel/queue-pilot/app/bench"
	"github.com/xuniquepatel/queue-pilot/app/redisdb"
)

const (
	floorIDs, floorTasks = "floor:{0}:ids", "floor:{0}:tasks"
	// floorBatch is how many tasks one call takes out.
	floorBatch = 64
	// floorTakers are two, so that Redis never waits for one that is reading its answer.
	floorTakers = 2
	// floorIdle is the pause between two tasks that are picked up, on average.
	floorIdle = 10 * time.Millisecond
	// floorPatience is far above that: an id that has not come by then will not.
	floorPatience = 10 * time.Second
)

//go:embed floor_put.lua
var floorPutText string

//go:embed floor_take.lua
var floorTakeText string

var floorPut, floorTake = redis.NewScript(floorPutText), redis.NewScript(floorTakeText)

// floorPeer is no queue but what one can cost at the least on Redis: ids in a list, all tasks in one hash, and a task that
// is taken is forgotten. One task is one EVALSHA; a batch is so many EVALSHA in a pipeline.
type floorPeer struct {
	rdb    redis.UniversalClient
	lastID atomic.Int64
}

func openFloor(ctx context.Context, url string) (opened, error) {
	rdb, err := redisdb.Open(ctx, url)
	if err != nil {
		return opened{}, err
	}
	p := &floorPeer{rdb: rdb}
	return opened{lines: []line{{peer: p, samples: 200}}, close: rdb.Close}, p.load(ctx)
}

func (p *floorPeer) load(ctx context.Context) error {
	for _, s := range []*redis.Script{floorPut, floorTake} {
		if err := s.Load(ctx, p.rdb).Err(); err != nil {
			return fmt.Errorf("load a script: %w", err)
		}
	}
	return nil
}

func (p *floorPeer) Name() string { return "floor (bare Redis, same client)" }

func (p *floorPeer) Reset(ctx context.Context) error { return p.rdb.FlushDB(ctx).Err() }

func (p *floorPeer) Submit(ctx context.Context, n, producers, batch int) error {
	payload := bench.Payload()
	return share(n, producers, batch, func(tasks int) error {
		if tasks == 1 {
			return p.put(ctx, p.rdb, payload).Err()
		}
		_, err := p.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for range tasks {
				p.put(ctx, pipe, payload)
			}
			return nil
		})
		return err
	})
}

func (p *floorPeer) put(ctx context.Context, to redis.Scripter, payload []byte) *redis.Cmd {
	id := "T" + strconv.FormatInt(p.lastID.Add(1), 10)
	return floorPut.EvalSha(ctx, to, []string{floorIDs, floorTasks}, id, payload)
}

// Drain takes tasks out, batch by batch, until all n are.
func (p *floorPeer) Drain(ctx context.Context, n, _ int) (time.Duration, error) {
	var taken atomic.Int64
	var takers errgroup.Group
	began := time.Now()
	for range floorTakers {
		takers.Go(func() error {
			for taken.Load() < int64(n) {
				payloads, err := floorTake.EvalSha(ctx, p.rdb, []string{floorIDs, floorTasks}, floorBatch).StringSlice()
				if err != nil {
					return err
				}
				taken.Add(int64(len(payloads)))
			}
			return nil
		})
	}
	err := takers.Wait()
	return time.Since(began), err
}

// Both is nothing that a floor could say: how a queue finds new work while it drains is its own.
func (p *floorPeer) Both(context.Context, int, int, int) (time.Duration, error) { return 0, errNone }

// PickUp waits in BLPOP for the id.
func (p *floorPeer) PickUp(ctx context.Context, samples int) ([]time.Duration, error) {
	picked := make(chan time.Time, 1)
	var waiter errgroup.Group
	waiter.Go(func() error {
		for range pickUpWarm + samples {
			if err := p.rdb.BLPop(ctx, floorPatience, floorIDs).Err(); err != nil {
				return fmt.Errorf("wait for an id: %w", err)
			}
			picked <- time.Now()
		}
		return nil
	})
	payload := bench.Payload()
	took, err := pickUps(ctx, samples, floorIdle, picked, func() error { return p.put(ctx, p.rdb, payload).Err() })
	return took, errors.Join(err, waiter.Wait())
}

func (p *floorPeer) Bytes(ctx context.Context, n int) (float64, error) {
	return redisBytes(ctx, p.rdb, p, n, 1, fillBatch)
}
