package redisdb

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Startup is one start of a redis-server, and whether its append-only file is as that start found it.
type Startup struct {
	Run string // the server's run_id, another one each time; empty while it loads its data, and where it tells none
	Old bool   // it appends to the file that it loaded, and has not written a new one since
}

// LastStart asks the Redis that owns slotKey.
func LastStart(ctx context.Context, rdb redis.UniversalClient, slotKey string) (Startup, error) {
	node, err := masterOf(ctx, rdb, slotKey)
	if err != nil {
		return Startup{}, fmt.Errorf("find the Redis that owns %s: %w", slotKey, err)
	}
	info, err := node.InfoMap(ctx).Result() // the store in this process knows no sections
	if forbidden(err) {
		return Startup{}, nil
	}
	if err != nil {
		return Startup{}, fmt.Errorf("ask for Redis's start: %w", err)
	}
	about := info["Persistence"]
	if about["loading"] == "1" { // it says then that it has no append-only file
		return Startup{}, nil
	}
	return Startup{
		Run: info["Server"]["run_id"],
		Old: about["aof_enabled"] == "1" && (about["aof_rewrites"] == "0" || about["aof_rewrites"] == ""), // before 7.0 none
	}, nil
}

// Rewrite has the Redis that owns slotKey begin to write its append-only file anew; it is no error that it is at it, or
// that it refuses, which allowed tells.
//
// A crash in the middle of a write leaves a part of a script in the file. When Redis loads the file it leaves that script
// out, but cuts only the torn command off: the transaction that a script is in the file stays open there, and at the next
// start what was left of it runs, for the first time, before everything that came after. Seen with Redis 7.0.15; Valkey
// mended it in August 2026 (valkey-io/valkey#4342). The new file holds what Redis has in memory, and nothing else.
func Rewrite(ctx context.Context, rdb redis.UniversalClient, slotKey string) (allowed bool, err error) {
	node, err := masterOf(ctx, rdb, slotKey)
	if err == nil {
		err = node.BgRewriteAOF(ctx).Err()
	}
	switch {
	case forbidden(err):
		return false, nil
	case err != nil && !strings.Contains(err.Error(), "already in progress"):
		return true, fmt.Errorf("have Redis write its append-only file anew: %w", err)
	}
	return true, nil
}
