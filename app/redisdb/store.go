package redisdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
)

// The kinds of embedded store. Auto is a choice, never what a Store is.
const (
	Auto        = "auto"
	RedisServer = "redis-server"
	Memory      = "memory"
)

// StoreConfig says which embedded store to start, and where it keeps its data.
type StoreConfig struct {
	// Kind is Auto (also where empty), RedisServer or Memory. Auto takes the store whose data Dir holds already; in a
	// new folder a redis-server where one is on PATH, else the one in memory.
	Kind string
	Dir  string       // made where it is missing, for this user alone
	Log  *slog.Logger // slog.Default() where nil
}

// Store is a Redis of our own. It must be closed.
type Store struct {
	URL     string // for Open; holds a password where Kind is Memory, so see Redact before you print it
	Kind    string // RedisServer or Memory
	Promise string // one or more sentences: what survives a crash and a power loss

	stop func() error
}

// Start starts an embedded store and returns once it answers. ctx bounds the start; the store runs until Close.
// A folder serves one store at a time: a second Start on it fails, and says which process has it.
func Start(ctx context.Context, cfg StoreConfig) (*Store, error) {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("start the embedded store: %w", err)
	}
	cfg.Dir = dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	if cfg.Kind, err = choose(cfg.Kind, dir); err != nil {
		return nil, err
	}
	if other := leftBehind(cfg.Kind, dir); other != "" {
		cfg.Log.Warn("this folder also holds data of the other embedded store, which this one does not read",
			"dir", dir, "to_read_them", "--store "+other)
	}
	lock, err := lockFolder(ctx, dir)
	if err != nil {
		return nil, err
	}
	store, err := start(ctx, cfg, lock)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the embedded store (%s): %w", cfg.Kind, err), lock.Close())
	}
	return store, nil
}

// Close stops the store: the redis-server child ends, the store in memory writes its last snapshot. Close its clients
// first.
func (s *Store) Close() error { return s.stop() }

func start(ctx context.Context, cfg StoreConfig, lock *os.File) (*Store, error) {
	if cfg.Kind == Memory {
		return startMemory(ctx, cfg, lock)
	}
	return startServer(ctx, cfg, lock)
}

// choose turns Auto into a kind. Tasks must not seem lost because a program was installed or removed, so data that is
// there decides.
func choose(kind, dir string) (string, error) {
	switch kind {
	case RedisServer, Memory:
		return kind, nil
	case Auto, "":
	default:
		return "", fmt.Errorf("the store is %q; wanted: %s, %s or %s", kind, Auto, RedisServer, Memory)
	}
	_, err := exec.LookPath(RedisServer)
	installed := err == nil
	switch {
	case exists(filepath.Join(dir, appendOnlyDir)) && !installed:
		return "", fmt.Errorf("%s holds tasks of a redis-server, and none is on PATH: install it (%s), "+
			"or name another data folder", dir, InstallHint)
	case exists(filepath.Join(dir, appendOnlyDir)):
		return RedisServer, nil
	case exists(filepath.Join(dir, snapshotName)) || !installed:
		return Memory, nil
	default:
		return RedisServer, nil
	}
}

// leftBehind names the store whose data lies in dir too, though kind was asked for; empty where there is none.
func leftBehind(kind, dir string) string {
	switch {
	case kind == Memory && exists(filepath.Join(dir, appendOnlyDir)):
		return RedisServer
	case kind == RedisServer && exists(filepath.Join(dir, snapshotName)):
		return Memory
	}
	return ""
}

// InstallHint is how to get a redis-server.
const InstallHint = "apt-get install redis-server, or brew install redis"

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
