// Package redisdb opens Redis: a server, a unix socket, a Sentinel group or a Cluster, named by one address. Where no
// Redis is named it brings its own: Start runs a redis-server child or an in-process store, and keeps its data.
package redisdb

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	// dialTimeout covers a far data centre; a server that takes longer is as good as away.
	dialTimeout = 2 * time.Second
	// replyTimeout is far above the 10 ms that a script may take, and below the time in which a caller gives up.
	// Blocking commands add their own wait to it.
	replyTimeout = 3 * time.Second
	// poolSize bounds the connections, which are opened as they are needed. It is also after how many failed dials in a
	// row go-redis dials no more than once a second; its own 10 a CPU are failed in two seconds, and then a worker whose
	// Redis is back waits for the rest of its lease.
	poolSize = 200
)

// Open returns a client of the Redis at rawURL. It checks the address and does not connect: ping it to know.
//
//	redis://[user:password@]host[:6379][/db]     rediss://… over TLS      unix://[user:password@]/path/to/socket[?db=1]
//	redis+sentinel://[user:password@]host:26379,host:26379/master[/db][?sentinel_username=…&sentinel_password=…]
//	redis+cluster://[user:password@]host:7000,host:7001      (also rediss+sentinel:// and rediss+cluster://)
//
// The query may set what go-redis reads from a URL: pool_size, read_timeout, skip_verify and so on.
//
// A command is sent once, whatever the address says: a script may have run although its reply was lost, so only the
// caller, who knows its operation, can repeat it. Deadlines of contexts are obeyed. No error holds the password.
func Open(ctx context.Context, rawURL string) (redis.UniversalClient, error) {
	silenceLibrary()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("open Redis: %w", err)
	}
	a, err := parseAddress(rawURL)
	if err != nil {
		return nil, fmt.Errorf("open Redis at %s: %w", Redact(rawURL), err)
	}
	client, err := a.client()
	if err != nil {
		return nil, fmt.Errorf("open Redis at %s: %w; wanted is an address such as redis://localhost:6379/0",
			Redact(rawURL), withoutURL(err))
	}
	return client, nil
}

// silenceLibrary keeps go-redis from printing to standard error, past every log: each line is about an error that its caller
// gets as well.
var silenceLibrary = sync.OnceFunc(logging.Disable)

func (a address) client() (redis.UniversalClient, error) {
	switch a.kind {
	case "sentinel":
		return a.sentinel()
	case "cluster":
		return a.cluster()
	default:
		return a.standalone()
	}
}

func (a address) standalone() (redis.UniversalClient, error) {
	o, err := redis.ParseURL(a.plain())
	if err != nil {
		return nil, err
	}
	fixed{
		&o.Username, &o.Password, &o.MaxRetries, &o.DialerRetries, &o.PoolSize, &o.ContextTimeoutEnabled,
		&o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout,
	}.set(a)
	o.MaintNotificationsConfig = noMaintenanceNotes()
	return redis.NewClient(o), nil
}

func (a address) sentinel() (redis.UniversalClient, error) {
	o, err := redis.ParseFailoverURL(a.plain())
	if err != nil {
		return nil, err
	}
	o.SentinelUsername, o.SentinelPassword = a.sentinelUsername, a.sentinelPassword
	fixed{
		&o.Username, &o.Password, &o.MaxRetries, &o.DialerRetries, &o.PoolSize, &o.ContextTimeoutEnabled,
		&o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout,
	}.set(a)
	return redis.NewFailoverClient(o), nil
}

func (a address) cluster() (redis.UniversalClient, error) {
	o, err := redis.ParseClusterURL(a.plain())
	if err != nil {
		return nil, err
	}
	fixed{
		&o.Username, &o.Password, &o.MaxRetries, &o.DialerRetries, &o.PoolSize, &o.ContextTimeoutEnabled,
		&o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout,
	}.set(a)
	o.MaintNotificationsConfig = noMaintenanceNotes()
	client := redis.NewClusterClient(o)
	client.OnNewNode(func(node *redis.Client) { node.AddHook(sendOnce{}) })
	return client, nil
}

// noMaintenanceNotes turns off a handshake that only Redis Cloud answers; everyone else pays a round trip for an error.
func noMaintenanceNotes() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// fixed points at what all three kinds of options have in common, without a type in common.
type fixed struct {
	username, password              *string
	maxRetries, dialerRetries       *int
	poolSize                        *int
	contextTimeoutEnabled           *bool
	dialTimeout, readTimeout, write *time.Duration
}

// set fills in what an address may not choose, and time-outs that it did not choose. A dial is tried once: the loops
// above try again, and a user's request shall not wait for five attempts to hear that Redis is away.
func (f fixed) set(a address) {
	*f.username, *f.password = a.username, a.password
	*f.maxRetries, *f.dialerRetries, *f.contextTimeoutEnabled = -1, 1, true
	if *f.poolSize == 0 {
		*f.poolSize = poolSize
	}
	*f.dialTimeout = orElse(*f.dialTimeout, dialTimeout)
	*f.readTimeout = orElse(*f.readTimeout, replyTimeout)
	*f.write = orElse(*f.write, replyTimeout)
}

func orElse(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}
