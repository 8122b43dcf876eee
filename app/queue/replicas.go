package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// replicaWait is how long replicas may take to confirm a move. In a healthy site it is a round trip; a user waits for it.
const replicaWait = time.Second

// WithWaitReplicas returns a client on the same connection whose user's moves return only when n replicas have confirmed
// them, else with ErrNotReplicated: what is confirmed outlives the loss of the primary. 0 waits for none.
func (c *Client) WithWaitReplicas(n int) *Client {
	waiting := *c
	waiting.waitReplicas, waiting.group = n, &group{}
	return &waiting
}

// sendAndWait sends a script and waits for the replicas, on one connection, since WAIT is about what its connection wrote.
// The answer is there with ErrNotReplicated too.
func (s *Script) sendAndWait(ctx context.Context, c *Client, args []any) (any, error) {
	node, err := c.primary(ctx)
	if err != nil {
		return nil, err
	}
	made := s.on(c.keys)
	out, err := c.pipeAndWait(ctx, node, func(p redis.Pipeliner) *redis.Cmd { return made.EvalSha(ctx, p, c.declared, args...) })
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		out, err = c.pipeAndWait(ctx, node, func(p redis.Pipeliner) *redis.Cmd { return made.Eval(ctx, p, c.declared, args...) })
	}
	return out, err
}

// pipeAndWait writes something small behind the script: a repeat that found all done would else wait for nothing.
func (c *Client) pipeAndWait(
	ctx context.Context, node redis.Cmdable, send func(redis.Pipeliner) *redis.Cmd,
) (any, error) {
	pipe := node.Pipeline()
	move := send(pipe)
	mark := pipe.HIncrBy(ctx, c.keys.Meta(), "waits", 1)
	confirmed := pipe.Do(ctx, "WAIT", c.waitReplicas, replicaWait.Milliseconds())
	_, _ = pipe.Exec(ctx) // each command has its own error
	if move.Err() != nil {
		c.learnSlots(move.Err())
		return nil, move.Err()
	}
	n, err := confirmed.Int()
	if redis.HasErrorPrefix(mark.Err(), "OOM") {
		n = 0 // the move was made; whether WAIT was about it is not known
	} else if err := errors.Join(mark.Err(), err); err != nil {
		return nil, err
	}
	if n < c.waitReplicas {
		return move.Val(), fmt.Errorf("%d of %d replicas confirmed it within %s: %w", n, c.waitReplicas, replicaWait, ErrNotReplicated)
	}
	return move.Val(), nil
}

// primary is the node that has the cell.
func (c *Client) primary(ctx context.Context) (redis.Cmdable, error) {
	if cluster, ok := c.rdb.(*redis.ClusterClient); ok {
		return cluster.MasterForKey(ctx, c.keys.prefix)
	}
	return c.rdb, nil
}

// learnSlots has a Cluster's client ask anew who has which slot, where err says that it does not know.
func (c *Client) learnSlots(err error) {
	if cluster, ok := c.rdb.(*redis.ClusterClient); ok {
		if _, moved := redis.IsMovedError(err); moved {
			cluster.ReloadState(context.Background()) // returns at once
		}
	}
}
