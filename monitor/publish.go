package monitor

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/loop"
	"github.com/xuniquepatel/queue-pilot/app/queue"
)

const (
	settle          = 25 * time.Millisecond  // from the first change to its snapshot; see queue.Client.Changes
	snapshotSpacing = 100 * time.Millisecond // at most ten a second
	snapshotAtLeast = 5 * time.Second
)

// settledChanges passes a change on 25 ms after it, so that what came with it is in the same snapshot.
func (m *Monitor) settledChanges(ctx context.Context) <-chan struct{} {
	settled := make(chan struct{}, 1)
	go func() { // ends with ctx, by which Changes closes its channel
		for range m.client.Changes(ctx) {
			select {
			case <-time.After(settle):
				loop.Wake(settled)
			case <-ctx.Done():
			}
		}
	}()
	return settled
}

// publish publishes a snapshot, at most ten a second whoever does it.
func (m *Monitor) publish(ctx context.Context) error {
	for {
		wait, err := m.publishNow(ctx, snapshotSpacing)
		if err != nil || wait == 0 {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
	}
}

// publishNow publishes a snapshot. Where somebody did within spacing (1 ms or more) it publishes none, and returns how
// long to wait, or 0 where that one shows the last change already. A spacing of 1 ms publishes in any case.
func (m *Monitor) publishNow(ctx context.Context, spacing time.Duration) (wait time.Duration, err error) {
	s, _, wait, err := read(ctx, m.client, 0, spacing)
	if err != nil || s == nil {
		return wait, err
	}
	s.Rates = m.rates.note(s)
	rates, err := json.Marshal(s.Rates)
	if err != nil {
		return 0, fmt.Errorf("write the rates: %w", err)
	}
	text, err := json.Marshal(s)
	if err != nil {
		return 0, fmt.Errorf("write the snapshot: %w", err)
	}
	pipe := m.client.Redis().Pipeline()
	published := pipe.Publish(ctx, m.client.Keys().Snapshots(), text)
	kept := pipe.HSet(ctx, m.client.Keys().Meta(), "rates", rates) // for those who read a snapshot themselves
	_, _ = pipe.Exec(ctx)                                          // each command has its own error
	if err := kept.Err(); err != nil && !redis.HasErrorPrefix(err, "OOM") {
		return 0, fmt.Errorf("keep the rates: %w", err)
	}
	if err := published.Err(); err != nil {
		return 0, fmt.Errorf("publish snapshot: %w", err)
	}
	return 0, nil
}

// Subscribe returns the published snapshots as they come, the newest where the reader is slow. Redis loses messages
// while a connection is down. The channel closes when ctx ends.
func Subscribe(ctx context.Context, c *queue.Client) <-chan *Snapshot {
	out := make(chan *Snapshot, 1)
	sub := c.Redis().Subscribe(ctx, c.Keys().Snapshots())
	go func() {
		defer close(out)
		defer func() { _ = sub.Close() }() // the connection goes either way
		messages := sub.Channel()
		for {
			select {
			case <-ctx.Done():
				return
			case message, open := <-messages:
				if !open {
					return
				}
				var s Snapshot
				if json.Unmarshal([]byte(message.Payload), &s) == nil { // a message of another version is no snapshot
					offer(out, &s)
				}
			}
		}
	}()
	return out
}

// offer replaces what waits in a channel of one.
func offer(out chan *Snapshot, s *Snapshot) {
	select {
	case <-out:
	default:
	}
	out <- s
}

// rateMeter remembers the totals of the last seconds. The zero value is ready; it is for one goroutine.
type rateMeter struct{ samples []*Snapshot }

// rateSpan is what rates are averaged over.
const rateSpan = 10 * time.Second

func (m *rateMeter) note(s *Snapshot) Rates {
	if n := len(m.samples); n > 0 && s.At.Before(m.samples[n-1].At.Time) {
		m.samples = nil // Redis's clock was set back: nothing can be said of the time between
	}
	m.samples = append(m.samples, s)
	for len(m.samples) > 2 && s.At.Sub(m.samples[1].At.Time) >= rateSpan {
		m.samples = m.samples[1:]
	}
	first := m.samples[0]
	span := max(s.At.Sub(first.At.Time), time.Second).Seconds()
	per := func(now, then int64) float64 { return max(float64(now-then)/span, 0) }
	return Rates{
		Submitted: per(s.Totals.SubmittedTotal, first.Totals.SubmittedTotal),
		Completed: per(s.Totals.CompletedTotal, first.Totals.CompletedTotal),
		Failed:    per(s.Totals.FailedTotal, first.Totals.FailedTotal),
		Retried:   per(s.Totals.RetriedTotal, first.Totals.RetriedTotal),
	}
}
