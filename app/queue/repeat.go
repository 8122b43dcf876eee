package queue

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/redisdb"
)

// repeatWaits are the waits before the second and the third try of what is safe to repeat: enough for a broken
// connection, and little for whoever waits to hear that Redis is away.
var repeatWaits = []time.Duration{20 * time.Millisecond, 100 * time.Millisecond}

const (
	// repeatSpan is when the last repeat may begin: one after a reply that timed out, not two.
	repeatSpan = 3500 * time.Millisecond
	// migrationSpan is how long a script waits for a Cluster slot that is being moved, and migrationWait the longest wait
	// between two tries. A slot of some thousand keys takes less; a worker's lease, 5 s, must not end meanwhile.
	migrationSpan, migrationWait = 3 * time.Second, 100 * time.Millisecond
)

// again sends what may run twice without harm, up to three times: while the connection breaks, or Redis says that it
// takes nothing at this moment.
func again[T any](ctx context.Context, send func() (T, error)) (T, error) {
	begun := time.Now()
	for _, wait := range repeatWaits {
		out, err := send()
		if !redisdb.Lost(err) && !redisdb.Refused(err) || time.Since(begun) > repeatSpan || !pause(ctx, wait) {
			return out, err
		}
	}
	return send()
}

// settled sends a script until its slot is on one node, for at most migrationSpan: nothing ran, so any script may be
// sent again.
func (c *Client) settled(ctx context.Context, send func() (any, error)) (any, error) {
	out, err := send()
	if _, cluster := c.rdb.(*redis.ClusterClient); !cluster || !redisdb.Migrating(err) {
		return out, err
	}
	begun := time.Now()
	for wait := 5 * time.Millisecond; redisdb.Migrating(err); wait = min(2*wait, migrationWait) {
		if time.Since(begun) > migrationSpan || !pause(ctx, wait) {
			break
		}
		out, err = send()
	}
	return out, err
}

// pause waits for d; false where ctx ended before.
func pause(ctx context.Context, d time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
