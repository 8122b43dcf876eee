package redisdb

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/redis/go-redis/v9"
)

// Lost reports whether err is of the connection, so that a command may or may not have run: its reply was lost, or there
// is no server to dial. Whoever can repeat the command without harm may do so at once. It is false for Redis's own answers,
// for the end of a context, and where another try would take as long again: a dial that timed out, a pool that is used up.
func Lost(err error) bool {
	var final finalError
	if errors.As(err, &final) {
		err = final.cause
	}
	var answer redis.Error
	if err == nil || errors.As(err, &answer) || errors.Is(err, context.Canceled) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, redis.ErrPoolTimeout) {
		return false
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return !op.Timeout()
	}
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed)
}

// Refused reports whether err is Redis's answer that it runs no command now, so nothing ran: it is a replica since a
// failover, loads its data, or its Cluster is down. That may pass within moments.
func Refused(err error) bool {
	return redis.IsReadOnlyError(err) || redis.IsLoadingError(err) || redis.IsMasterDownError(err) ||
		redis.IsClusterDownError(err)
}

// Migrating reports whether err is the answer of a Cluster whose slot is between two nodes, so nothing ran: TRYAGAIN, or
// a redirection that led nowhere.
func Migrating(err error) bool {
	_, moved := redis.IsMovedError(err)
	_, ask := redis.IsAskError(err)
	return moved || ask || redis.IsTryAgainError(err)
}
