package redisdb

import (
	"context"
	"errors"
	"net"

	"github.com/redis/go-redis/v9"
)

// sendOnce keeps a Cluster client from sending a command again after a broken connection or a missing reply. go-redis
// has no setting for it: MaxRetries counts inside a node, and the redirections that MOVED and ASK need repeat on any
// network error too. So errors of a connection leave the node in a shape that the client takes for final.
type sendOnce struct{}

// DialHook changes nothing: what was never sent may be sent again.
func (sendOnce) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook makes the error of a command that may have been sent final.
func (sendOnce) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if !maybeSent(err) {
			return err
		}
		err = finalError{err}
		cmd.SetErr(err)
		return err
	}
}

// ProcessPipelineHook does the same for pipelines: a command that ASK redirects goes as one.
func (sendOnce) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		if !maybeSent(err) {
			return err
		}
		err = finalError{err}
		for _, cmd := range cmds {
			if maybeSent(cmd.Err()) {
				cmd.SetErr(err)
			}
		}
		return err
	}
}

// maybeSent reports whether err leaves open if the server has run the command: Redis's own answers and failed dials
// do not.
func maybeSent(err error) bool {
	var answer redis.Error
	if err == nil || errors.As(err, &answer) {
		return false
	}
	var network *net.OpError
	return !errors.As(err, &network) || network.Op != "dial"
}

// finalError hides its cause from go-redis's test for retries, all but the end of a context, which that respects.
type finalError struct{ cause error }

func (e finalError) Error() string { return e.cause.Error() }

// Is keeps errors.Is(err, context.DeadlineExceeded) and context.Canceled true for callers.
func (e finalError) Is(target error) bool {
	return (target == context.Canceled || target == context.DeadlineExceeded) && errors.Is(e.cause, target)
}
