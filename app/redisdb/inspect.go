package redisdb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Findings are what a Redis tells of itself, judged for a task queue. Zero where it tells nothing, as the store in this
// process does.
type Findings struct {
	Version  string   // "7.0.15"
	Promise  string   // one or two sentences: what a crash, a power loss and a failover cost
	Warnings []string // each a sentence with its fix as a command
	Unread   []string // what this user may not run, "INFO" or "CONFIG GET": what only that tells is missing above
}

// Refusal is the error for a Redis on which QueuePilot cannot work, or would lose tasks.
type Refusal struct{ Reason, Fix string }

func (r *Refusal) Error() string { return r.Reason + ": " + r.Fix }

// Inspect reads INFO and CONFIG GET, on a Cluster of the master that owns slotKey, and says what they mean for tasks. Its
// error is a *Refusal, beside the findings, where this Redis cannot work; any other says that it could not be asked.
func Inspect(ctx context.Context, rdb redis.UniversalClient, slotKey string) (Findings, error) {
	node, err := masterOf(ctx, rdb, slotKey)
	if err != nil {
		return Findings{}, fmt.Errorf("find the Redis that owns %s: %w", slotKey, err)
	}
	f, err := readFacts(ctx, node)
	if err != nil {
		return Findings{}, fmt.Errorf("inspect Redis: %w", err)
	}
	f.direct = direct(rdb)
	if refusal := f.refusal(); refusal != nil {
		return f.findings(), refusal
	}
	return f.findings(), nil
}

func masterOf(ctx context.Context, rdb redis.UniversalClient, slotKey string) (redis.Cmdable, error) {
	if cluster, ok := rdb.(*redis.ClusterClient); ok {
		return cluster.MasterForKey(ctx, slotKey)
	}
	return rdb, nil
}

// direct reports whether the address names one server, which stays that one: Sentinels and Clusters find a new primary
// by themselves. go-redis marks a Sentinel's client by its address alone.
func direct(rdb redis.UniversalClient) bool {
	client, ok := rdb.(*redis.Client)
	return ok && client.Options().Addr != "FailoverClient"
}

// facts are what INFO and CONFIG GET said; empty is unknown.
type facts struct {
	version           string
	role, primary     string // "master" or "slave", and of a slave its primary's host:port
	replicas          bool
	maxmemory, policy string // bytes, "0" for no limit; "allkeys-lru" and so on
	appendOnly, fsync string // yes or no; always, everysec or no
	save              string // "3600 1 300 100"
	saveKnown         bool   // "" is a setting too: never
	direct            bool
	unread            []string
}

func readFacts(ctx context.Context, node redis.Cmdable) (facts, error) {
	var f facts
	info, err := node.Info(ctx).Result() // all default sections: before 7.0 it takes one or all
	switch {
	case forbidden(err):
		f.unread = append(f.unread, "INFO")
	case err != nil:
		return f, err
	default:
		f.takeInfo(info)
		if f.version == "" {
			return f, nil // no Redis: the store in this process
		}
	}
	config, err := readConfig(ctx, node)
	switch {
	case forbidden(err):
		f.unread = append(f.unread, "CONFIG GET")
	case err != nil:
		return f, err
	default:
		f.takeConfig(config)
	}
	return f, nil
}

// readConfig asks for one setting at a time, in one round trip: only 7.0 takes several names.
func readConfig(ctx context.Context, node redis.Cmdable) (map[string]string, error) {
	pipe := node.Pipeline()
	var answers []*redis.MapStringStringCmd
	for _, name := range []string{"maxmemory", "maxmemory-policy", "appendonly", "appendfsync", "save"} {
		answers = append(answers, pipe.ConfigGet(ctx, name))
	}
	_, err := pipe.Exec(ctx)
	config := map[string]string{}
	for _, answer := range answers {
		for name, value := range answer.Val() {
			config[name] = value
		}
	}
	return config, err
}

// forbidden reports whether Redis refused the command itself: by an ACL, or because a provider took it away.
func forbidden(err error) bool {
	var answer redis.Error
	return errors.As(err, &answer) &&
		(strings.HasPrefix(answer.Error(), "NOPERM") || strings.HasPrefix(answer.Error(), "ERR unknown"))
}

func (f *facts) takeInfo(text string) {
	info := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			info[name] = value
		}
	}
	f.version = info["redis_version"]
	f.role, f.primary = info["role"], net.JoinHostPort(info["master_host"], info["master_port"])
	f.replicas = info["connected_slaves"] != "" && info["connected_slaves"] != "0"
	f.maxmemory, f.policy = info["maxmemory"], info["maxmemory_policy"]
	f.appendOnly = map[string]string{"0": "no", "1": "yes"}[info["aof_enabled"]]
}

// takeConfig takes what CONFIG GET knows; providers leave some names out, and those keep what INFO said.
func (f *facts) takeConfig(config map[string]string) {
	for name, to := range map[string]*string{
		"maxmemory": &f.maxmemory, "maxmemory-policy": &f.policy, "appendonly": &f.appendOnly, "appendfsync": &f.fsync,
	} {
		if value := config[name]; value != "" {
			*to = value
		}
	}
	f.save, f.saveKnown = config["save"]
}
