package queue

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// IsNil reports whether err is Redis saying that there is nothing, which is no failure.
func IsNil(err error) bool { return errors.Is(err, redis.Nil) }

// Changes returns a channel that gets a hint when something in the cell changed, at most one waiting. Whoever looks
// 25 ms after a hint has seen every change up to it. Redis loses messages while a connection is down: look now and
// then without a hint, too. The channel closes when ctx ends.
func (c *Client) Changes(ctx context.Context) <-chan struct{} {
	hints := make(chan struct{}, 1)
	sub := c.rdb.Subscribe(ctx, c.keys.Changes())
	go func() {
		defer close(hints)
		defer func() { _ = sub.Close() }() // the connection goes either way
		messages := sub.ChannelWithSubscriptions()
		for {
			select {
			case <-ctx.Done():
				return
			case _, open := <-messages: // a new subscription is a hint too: what came before it was missed
				if !open {
					return
				}
				select {
				case hints <- struct{}{}:
				default:
				}
			}
		}
	}()
	return hints
}
