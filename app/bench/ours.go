package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// PayloadBytes is the length of the payload that the figures of task queues are usually given for.
const PayloadBytes = 128

// Payload is a JSON string of PayloadBytes bytes, its quotes among them. Each call returns bytes of its own.
func Payload() []byte { return []byte(`"` + strings.Repeat("x", PayloadBytes-2) + `"`) }

const (
	// warmSamples are picked up before the ones that count: they load the scripts and open the connections.
	warmSamples = 20
	// idleFor and idleSpread are how long a worker is left idle between two samples. The random part keeps them from
	// falling into step with what runs on a timer.
	idleFor, idleSpread = 2 * time.Millisecond, 3 * time.Millisecond
	// pickUpSlots is the size of the worker that picks up one task at a time.
	pickUpSlots = 64
	// fillBatch is how many tasks a call submits where only the result counts.
	fillBatch = 1000
)

// Ours is QueuePilot under measurement, on the Redis at URL. It is for one measurement at a time, and opens the address
// with the first. Close it when done.
type Ours struct {
	URL string

	mu     sync.Mutex
	client *queue.Client
}

// Name is what tables call it.
func (o *Ours) Name() string { return "QueuePilot" }

// Close gives back the connections. The next measurement would open new ones.
func (o *Ours) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.client == nil {
		return nil
	}
	client := o.client
	o.client = nil
	return client.Close()
}

func (o *Ours) open(ctx context.Context) (*queue.Client, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.client != nil {
		return o.client, nil
	}
	client, err := queue.Open(ctx, o.URL)
	if err != nil {
		return nil, err
	}
	o.client = client
	return client, nil
}

// Reset empties the database of the URL, whoever wrote it: FLUSHDB.
func (o *Ours) Reset(ctx context.Context) error {
	client, err := o.open(ctx)
	if err != nil {
		return err
	}
	if err := client.Redis().FlushDB(ctx).Err(); err != nil {
		return fmt.Errorf("empty the database: %w", err)
	}
	return nil
}

// Submit puts n no-op tasks on the default queue: producers goroutines (1 or more) each send batch tasks (1 or more) a
// call, one call at a time, until n are sent. Every task must have been taken, else it is an error.
func (o *Ours) Submit(ctx context.Context, n, producers, batch int) error {
	client, err := o.open(ctx)
	if err != nil {
		return err
	}
	var sent atomic.Int64
	return atOnce(producers, func() error {
		for {
			from := int(sent.Add(int64(batch))) - batch
			if from >= n {
				return nil
			}
			if err := submitNoops(ctx, client, min(batch, n-from)); err != nil {
				return err
			}
		}
	})
}

// submitNoops submits n tasks in one call.
func submitNoops(ctx context.Context, client *queue.Client, n int) error {
	tasks, payload := make([]queue.Task, n), Payload()
	for i := range tasks {
		tasks[i] = queue.Task{Type: noop, Payload: payload}
	}
	answers, err := client.Submit(ctx, tasks...)
	if err != nil {
		return err
	}
	for _, a := range answers {
		if a.Status != queue.Created {
			return fmt.Errorf("task %s was not taken (status %d): %w", a.ID, a.Status, a.Err)
		}
	}
	return nil
}

// submitOne submits a task and returns its id.
func submitOne(ctx context.Context, client *queue.Client) (string, error) {
	answers, err := client.Submit(ctx, queue.Task{Type: noop, Payload: Payload()})
	return answers[0].ID, err
}

// atOnce runs n calls of f side by side and returns when all have, with their errors.
func atOnce(n int, f func() error) error {
	errs := make([]error, n)
	var calls sync.WaitGroup
	for i := range n {
		calls.Go(func() { errs[i] = f() })
	}
	calls.Wait()
	return errors.Join(errs...)
}

// expecting starts a site that counts n tasks to come. Stop it when they have.
func (o *Ours) expecting(ctx context.Context, n int) (*site, *outcomes, error) {
	client, err := o.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	s := newSite(ctx, client)
	done, err := s.expect(ctx, n)
	if err != nil {
		return nil, nil, errors.Join(err, s.stop())
	}
	return s, done, nil
}

// Drain lets one worker with that many slots run a backlog of n tasks that is there already. It returns the time from
// the worker's start until Redis has recorded the last outcome. Scheduler and monitor run beside it, from before.
func (o *Ours) Drain(ctx context.Context, n, slots int) (time.Duration, error) {
	s, done, err := o.expecting(ctx, n)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	s.work(slots, done.handle)
	err = done.wait(ctx)
	took := time.Since(began)
	return took, errors.Join(err, s.stop())
}

// Both submits n tasks by producers goroutines, one task a call, while one idle worker with that many slots runs them.
// It returns the time from the first submit until the last outcome is recorded.
func (o *Ours) Both(ctx context.Context, n, producers, slots int) (time.Duration, error) {
	s, done, err := o.expecting(ctx, n)
	if err != nil {
		return 0, err
	}
	s.work(slots, done.handle)
	if err := s.ready(ctx); err != nil {
		return 0, errors.Join(err, s.stop())
	}
	began := time.Now()
	if err = o.Submit(ctx, n, producers, 1); err == nil {
		err = done.wait(ctx)
	}
	took := time.Since(began)
	return took, errors.Join(err, s.stop())
}

// PickUp submits one task at a time to an idle worker, and returns for each of samples tasks the time from just before
// its submit to the start of its handler, in the order of the tasks.
func (o *Ours) PickUp(ctx context.Context, samples int) ([]time.Duration, error) {
	client, err := o.open(ctx)
	if err != nil {
		return nil, err
	}
	s := newSite(ctx, client)
	started := make(chan time.Time, 1)
	s.work(pickUpSlots, func(context.Context, *queue.Task) (any, error) {
		started <- time.Now()
		return nil, nil
	})
	took, err := pickUps(ctx, s, started, samples)
	return took, errors.Join(err, s.stop())
}

func pickUps(ctx context.Context, s *site, started <-chan time.Time, samples int) ([]time.Duration, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	took := make([]time.Duration, 0, samples)
	for i := range warmSamples + samples {
		wait, err := pickUp(ctx, s, started)
		if err != nil {
			return nil, err
		}
		if i >= warmSamples {
			took = append(took, wait)
		}
	}
	return took, nil
}

// pickUp takes one sample, and returns when its outcome is recorded and the worker is idle again.
func pickUp(ctx context.Context, s *site, started <-chan time.Time) (time.Duration, error) {
	done, err := s.expect(ctx, 1)
	if err != nil {
		return 0, err
	}
	sent := time.Now()
	if err := submitNoops(ctx, s.client, 1); err != nil {
		return 0, err
	}
	var took time.Duration
	select {
	case at := <-started:
		took = at.Sub(sent)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if err := done.recorded(ctx); err != nil {
		return 0, err
	}
	time.Sleep(idleFor + rand.N(idleSpread))
	return took, nil
}

// Bytes empties the database, puts n pending tasks into it, and returns how many bytes Redis holds for each: the
// difference of its used_memory, less what connections and the append-only file's buffer hold for a moment.
func (o *Ours) Bytes(ctx context.Context, n int) (float64, error) {
	if err := o.Submit(ctx, fillBatch, 1, fillBatch); err != nil { // the script's own memory is no task's
		return 0, err
	}
	if err := o.Reset(ctx); err != nil {
		return 0, err
	}
	before, err := heldMemory(ctx, o.client.Redis())
	if err != nil {
		return 0, err
	}
	if err := o.Submit(ctx, n, 1, fillBatch); err != nil {
		return 0, err
	}
	after, err := heldMemory(ctx, o.client.Redis())
	return float64(after-before) / float64(n), err
}
