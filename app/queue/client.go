package queue

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/redisdb"
)

// Client speaks to one cell. It is safe for concurrent use.
type Client struct {
	rdb          redis.UniversalClient
	keys         Keys
	declared     []string // of keys, made once
	waitReplicas int
	group        *group // of small submits
}

// Open connects to the Redis that url names (redis://, rediss://, unix://, Sentinel and Cluster addresses; see
// redisdb.Open) and checks that it answers. Close the client when done.
func Open(ctx context.Context, url string) (*Client, error) {
	rdb, err := redisdb.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	if err := rdb.Ping(ctx).Err(); err != nil {
		_ = rdb.Close() // the ping's error is the one that helps
		return nil, fmt.Errorf("ping Redis: %w", err)
	}
	return New(rdb), nil
}

// New returns a client of cell 0 on a connection of the caller's, whose retries must be off (MaxRetries: -1): a
// script may have run although its reply was lost. Close closes rdb.
func New(rdb redis.UniversalClient) *Client {
	keys := CellKeys(0)
	return &Client{rdb: rdb, keys: keys, declared: keys.declared(), group: &group{}}
}

// Redis is the connection that the client uses.
func (c *Client) Redis() redis.UniversalClient { return c.rdb }

// Keys makes the keys of the client's cell.
func (c *Client) Keys() Keys { return c.keys }

// Ping asks whether Redis answers.
func (c *Client) Ping(ctx context.Context) error { return c.rdb.Ping(ctx).Err() }

// Close closes the connection.
func (c *Client) Close() error { return c.rdb.Close() }

// run makes one of the user's moves and turns the answers that stand for errors into them: the scripts say "unknown"
// where the task is not there, and "state" where the move does not exist from its state.
func (c *Client) run(ctx context.Context, s *Script, id string, args ...any) error {
	out, err := s.Move(ctx, c, args...)
	switch out {
	case "unknown":
		return fmt.Errorf("%s: task %s: %w", s.name, id, ErrNotFound)
	case "state":
		return fmt.Errorf("%s: task %s: %w", s.name, id, ErrState)
	}
	return err
}
