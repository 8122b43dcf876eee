package chaos

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/scheduler"
)

// TestClaimsAndOutcomesOfEachTaskAreLinearizable lets workers, a submitter, a canceler and a monitor that declares
// workers lost go at one Redis, and loses one reply in ten. What each was answered about a task must be explained by
// some order of their calls in which an attempt is claimed by one worker, recorded once, and never by one that lost it:
// so each task has one final outcome.
func TestClaimsAndOutcomesOfEachTaskAreLinearizable(t *testing.T) {
	f := newFray(t, *seed+linearRuns.Add(1))
	t.Logf("to draw the same again: -args -chaos.seed %d", f.seed-1)
	var roles sync.WaitGroup
	for i := range 4 {
		h := &hand{client: f.client(i), ops: f.ops, rand: f.rand(i)}
		roles.Go(func() { h.work(t.Context(), f.done, f.turned) })
	}
	submitter, canceler := f.client(100), f.client(101)
	roles.Go(func() { f.submit(t.Context(), submitter, f.rand(100)) })
	roles.Go(func() { f.cancel(t.Context(), canceler, f.rand(101)) })
	roles.Go(func() { f.lose(f.rand(102)) })
	f.drive()
	roles.Wait()
	f.ops.check(t, f.sure)
}

// linearRuns makes each run of -count another one.
var linearRuns atomic.Uint64

// fray is what the roles share.
type fray struct {
	t     *testing.T
	seed  uint64
	addr  string
	sure  *queue.Client // whose replies all arrive
	ops   *operations
	tasks int
	done  chan struct{} // closed when all tasks are final

	mu      sync.Mutex
	turns   int
	cancels chan struct{} // a signal each few turns
	losses  chan struct{}
}

func newFray(t *testing.T, seed uint64) *fray {
	server := redistest.New(t)
	return &fray{
		t: t, seed: seed, addr: server.Addr(), sure: queue.New(redistest.Open(t, server.URL())), ops: newOperations(),
		tasks: size(300, 3000), done: make(chan struct{}), cancels: make(chan struct{}, 1), losses: make(chan struct{}, 1),
	}
}

func (f *fray) rand(role int) *rand.Rand { return rand.New(rand.NewPCG(f.seed, uint64(role))) }

// client is one whose replies get lost.
func (f *fray) client(role int) *queue.Client {
	lossy := &lossyDialer{rand: f.rand(role + 1000)}
	rdb := redis.NewClient(&redis.Options{
		Addr: f.addr, Dialer: lossy.dial, MaxRetries: -1, DialerRetries: 1, Protocol: 2, ReadTimeout: time.Minute,
	})
	f.t.Cleanup(func() { _ = rdb.Close() })
	return queue.New(rdb)
}

// turned counts a worker's turn; each few turns something happens to somebody.
func (f *fray) turned() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.turns++
	if f.turns%20 == 0 {
		signal(f.cancels)
	}
	if f.turns%50 == 0 {
		signal(f.losses)
	}
}

func signal(to chan struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

func taskName(i int) string { return fmt.Sprintf("t%d", i) }

// submit submits each task until it is answered.
func (f *fray) submit(ctx context.Context, c *queue.Client, rnd *rand.Rand) {
	for i := range f.tasks {
		for again := true; again; {
			from := f.ops.now()
			delay := time.Duration(rnd.IntN(2)) * time.Millisecond
			answers, err := c.Submit(ctx, queue.Task{ID: taskName(i), MaxAttempts: linearTries, Delay: delay})
			answer := answerUnknown
			if err == nil {
				answer = map[queue.SubmitStatus]string{queue.Created: answerDone, queue.Existed: answerAgain}[answers[0].Status]
			}
			f.ops.add(taskName(i), "submitter", from, call{verb: "submit"}, answer)
			again = err != nil
		}
	}
}

// cancel stops some task at each signal.
func (f *fray) cancel(ctx context.Context, c *queue.Client, rnd *rand.Rand) {
	for {
		select {
		case <-f.done:
			return
		case <-f.cancels:
		}
		id, from := taskName(rnd.IntN(f.tasks)), f.ops.now()
		_, err := c.Cancel(ctx, id)
		answer := answerUnknown
		switch {
		case err == nil:
			answer = answerDone
		case errors.Is(err, queue.ErrState):
			answer = answerRefused
		case errors.Is(err, queue.ErrNotFound):
			answer = answerAbsent
		}
		f.ops.add(id, "canceler", from, call{verb: "cancel"}, answer)
	}
}

// lose declares some worker lost at each signal, by making its last heartbeat an old one.
func (f *fray) lose(rnd *rand.Rand) {
	m := monitor.New(f.sure, monitor.Config{WorkerTimeout: leaseForEver, Log: slog.New(slog.DiscardHandler)})
	for {
		select {
		case <-f.done:
			return
		case <-f.losses:
		}
		before, from := f.workers(), f.ops.now()
		if len(before) == 0 {
			continue
		}
		silent := redis.Z{Score: 1, Member: before[rnd.IntN(len(before))]}
		f.must(f.sure.Redis().ZAddXX(context.Background(), f.sure.Keys().Workers(), silent).Err())
		f.must(m.Reclaim(context.Background()))
		after := f.workers()
		for _, id := range before {
			if !slices.Contains(after, id) {
				f.ops.lose(id, from)
			}
		}
	}
}

func (f *fray) workers() []string {
	ids, err := f.sure.Redis().ZRange(context.Background(), f.sure.Keys().Workers(), 0, -1).Result()
	f.must(err)
	return ids
}

// must fails the test, whose end stops all roles.
func (f *fray) must(err error) {
	if err != nil {
		f.t.Error(err)
	}
}

// drive is the scheduler, until every task is final.
func (f *fray) drive() {
	defer close(f.done)
	s := scheduler.New(f.sure, scheduler.Config{Log: slog.New(slog.DiscardHandler)})
	harness.Until(f.t, "every task is final", func() error {
		ctx := f.t.Context()
		err := errors.Join(s.Schedule(ctx), s.Level(ctx), f.hurry(ctx))
		final := int64(0)
		for _, state := range []queue.State{queue.Completed, queue.Failed, queue.Canceled} {
			n, counted := f.sure.Redis().ZCard(ctx, f.sure.Keys().Index(state)).Result()
			err, final = errors.Join(err, counted), final+n
		}
		if err == nil && final < int64(f.tasks) {
			err = fmt.Errorf("%d of %d are", final, f.tasks)
		}
		return err
	})
}

// hurry lets those run that were set apart as suspects, for two leases.
func (f *fray) hurry(ctx context.Context) error {
	later := &redis.ZRangeBy{Min: fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()), Max: "+inf"}
	ids, err := f.sure.Redis().ZRangeByScore(ctx, f.sure.Keys().Index(queue.Retry), later).Result()
	for _, id := range ids {
		if _, failed := f.sure.RunNow(ctx, id); !errors.Is(failed, queue.ErrState) {
			err = errors.Join(err, failed)
		}
	}
	return err
}
