package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"
)

// peer is a queue that is measured; bench.Ours says what each method must do.
type peer interface {
	// Name is what its line of the table is called.
	Name() string
	// Reset leaves no task.
	Reset(ctx context.Context) error
	// Submit submits n tasks in all: producers at once, each one call of batch tasks at a time.
	Submit(ctx context.Context, n, producers, batch int) error
	// Drain runs a backlog of n tasks, and returns how long it took until the last outcome was recorded.
	Drain(ctx context.Context, n, slots int) (time.Duration, error)
	// Both is Submit, one task a call, and Drain at once.
	Both(ctx context.Context, n, producers, slots int) (time.Duration, error)
	// PickUp submits one task at a time to an idle worker, and returns how long each took to reach its handler.
	PickUp(ctx context.Context, samples int) ([]time.Duration, error)
	// Bytes submits n tasks and returns how many bytes each takes where the queue stands.
	Bytes(ctx context.Context, n int) (float64, error)
}

// errNone is the answer of a peer that has no such thing.
var errNone = errors.New("this peer has no such thing")

// notHere says why a peer cannot run on this machine.
type notHere string

func (why notHere) Error() string { return string(why) }

const (
	// pollEvery is how often an outcome is looked for: too rarely to cost the peer anything.
	pollEvery = time.Millisecond
	// pickUpSlots is the size of the worker that waits for one task at a time.
	pickUpSlots = 64
	// pickUpWarm tasks are picked up before those that count: they find a worker that is still starting.
	pickUpWarm = 2
	// fillBatch is how many tasks a call submits where only the result counts.
	fillBatch = 1000
)

// share calls send until n tasks are sent: producers at once, each batch tasks a call, one call at a time.
func share(n, producers, batch int, send func(tasks int) error) error {
	var sent atomic.Int64
	var all errgroup.Group
	for range producers {
		all.Go(func() error {
			for {
				from := int(sent.Add(int64(batch))) - batch
				if from >= n {
					return nil
				}
				if err := send(min(batch, n-from)); err != nil {
					return err
				}
			}
		})
	}
	return all.Wait()
}

// tally counts handlers, and is done when all have run.
type tally struct {
	left atomic.Int64
	done chan struct{}
}

func newTally(n int) *tally {
	t := &tally{done: make(chan struct{})}
	t.left.Store(int64(n))
	return t
}

func (t *tally) ran() {
	if t.left.Add(-1) == 0 {
		close(t.done)
	}
}

func (t *tally) wait(ctx context.Context) error {
	select {
	case <-t.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%d tasks did not run: %w", t.left.Load(), ctx.Err())
	}
}

// exact is an error where a handler ran more often than there were tasks.
func (t *tally) exact() error {
	if left := t.left.Load(); left != 0 {
		return fmt.Errorf("%d tasks too many ran", -left)
	}
	return nil
}

// until returns once check is true.
func until(ctx context.Context, check func() (bool, error)) error {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		if ok, err := check(); ok || err != nil {
			return err
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pickUps submits tasks one by one, each idle after the last was picked up, or half as much less or more, at random: none
// falls into step with what runs on a timer. It returns how long each took until picked told of it.
func pickUps(
	ctx context.Context, samples int, idle time.Duration, picked <-chan time.Time, submit func() error,
) ([]time.Duration, error) {
	took := make([]time.Duration, 0, samples)
	for i := range pickUpWarm + samples {
		time.Sleep(idle/2 + rand.N(idle))
		began := time.Now()
		if err := submit(); err != nil {
			return nil, err
		}
		select {
		case at := <-picked:
			if i >= pickUpWarm {
				took = append(took, at.Sub(began))
			}
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for a task to be picked up: %w", ctx.Err())
		}
	}
	return took, nil
}

// redisBytes is Bytes of a peer on Redis. What the first tasks bring, such as scripts and connections, is no task's.
func redisBytes(ctx context.Context, rdb redis.UniversalClient, p peer, n, producers, batch int) (float64, error) {
	if err := errors.Join(p.Submit(ctx, fillBatch, producers, batch), rdb.FlushDB(ctx).Err()); err != nil {
		return 0, err
	}
	before, err := heldMemory(ctx, rdb)
	if err != nil {
		return 0, err
	}
	if err := p.Submit(ctx, n, producers, batch); err != nil {
		return 0, err
	}
	after, err := heldMemory(ctx, rdb)
	return float64(after-before) / float64(n), err
}

// heldMemory is what Redis holds in bytes, less the buffers of connections and of the append-only file, which come and go.
func heldMemory(ctx context.Context, rdb redis.UniversalClient) (held int64, err error) {
	info, err := rdb.InfoMap(ctx, "memory").Result()
	if err != nil {
		return 0, fmt.Errorf("read Redis's memory: %w", err)
	}
	for name, sign := range map[string]int64{"used_memory": 1, "mem_clients_normal": -1, "mem_aof_buffer": -1} {
		bytes, err := strconv.ParseInt(info["Memory"][name], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read Redis's memory: %s: %w", name, err)
		}
		held += sign * bytes
	}
	return held, nil
}

// version is that of a module this program is built with, such as "v0.26.0".
func version(module string) string {
	info, _ := debug.ReadBuildInfo()
	if info != nil {
		for _, m := range info.Deps {
			if m.Path == module {
				return m.Version
			}
		}
	}
	return "of unknown version"
}
