package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb"
)

// floorPrefix begins the keys that measuring bare Redis writes.
const floorPrefix = "qp-bench:"

// bed is what the measurements stand on: a Redis, and QueuePilot on it.
type bed struct {
	cfg    Config
	ours   *Ours
	client *queue.Client
	crowd  *crowd // nil until the sockets are measured
	notes  []string

	own    bool   // the Redis is a child of ours
	remove func() // stops it, and removes its folder
}

// newBed opens the Redis, or starts one. Close it when done.
func newBed(ctx context.Context, cfg Config) (*bed, error) {
	b := &bed{cfg: cfg, ours: &Ours{URL: cfg.RedisURL}, own: cfg.RedisURL == "", remove: func() {}, notes: []string{}}
	if b.own {
		if err := b.startRedis(ctx); err != nil {
			return nil, err
		}
	}
	var err error
	if b.client, err = b.ours.open(ctx); err == nil {
		err = b.refuseOthersData(ctx)
	}
	if err != nil {
		_ = b.ours.Close() // nothing was written
		b.remove()
		return nil, err
	}
	return b, nil
}

func (b *bed) startRedis(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "queuepilot-bench-")
	if err != nil {
		return fmt.Errorf("make a folder for Redis's data: %w", err)
	}
	store, err := redisdb.Start(ctx, redisdb.StoreConfig{Kind: redisdb.RedisServer, Dir: dir, Log: quiet})
	if err != nil {
		_ = os.RemoveAll(dir) // the reason why nothing was measured is the other one
		return fmt.Errorf("start a Redis to measure on: %w", err)
	}
	b.ours.URL = store.URL
	b.remove = func() {
		_ = store.Close() // its data goes with the folder
		_ = os.RemoveAll(dir)
	}
	return nil
}

// refuseOthersData is asked before the first write: what follows empties the database.
func (b *bed) refuseOthersData(ctx context.Context) error {
	if _, ok := b.client.Redis().(*redis.ClusterClient); ok {
		return errors.New("the bench measures one Redis, and this address names a Cluster: pass the address of a single server")
	}
	n, err := b.client.Redis().DBSize(ctx).Result()
	if err != nil {
		return fmt.Errorf("look whether the database is empty: %w", err)
	}
	if n > 0 {
		return fmt.Errorf("the database of %s holds %d keys, and the bench would delete them: pass --redis-url with a database "+
			"that is empty and that nobody else uses, as in redis://HOST:6379/9, or none for a Redis of its own",
			redisdb.Redact(b.ours.URL), n)
	}
	return nil
}

// close empties the database and gives back what the bed took, also when the caller's time is over.
func (b *bed) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	b.crowd.close()
	err := b.empty(ctx)
	err = errors.Join(err, b.ours.Close())
	b.remove()
	return err
}

// empty deletes what the measurements wrote. It deletes nothing where somebody else has written into the database since
// the bench found it empty.
func (b *bed) empty(ctx context.Context) error {
	if b.own {
		return b.ours.Reset(ctx)
	}
	keys := b.client.Redis().Scan(ctx, 0, "", 1000).Iterator()
	for keys.Next(ctx) {
		if key := keys.Val(); !strings.HasPrefix(key, b.client.Keys().Prefix()) && !strings.HasPrefix(key, floorPrefix) {
			return fmt.Errorf("somebody else has written the key %.60q into the database that is measured: it is left as it is; "+
				"delete %s* and %s* there", key, b.client.Keys().Prefix(), floorPrefix)
		}
	}
	if err := keys.Err(); err != nil {
		return fmt.Errorf("look for keys of others: %w", err)
	}
	return b.ours.Reset(ctx)
}

// clean is empty with an append-only file that is short again, so that no measurement meets the rewrite of what another
// one wrote.
func (b *bed) clean(ctx context.Context) error {
	if err := b.empty(ctx); err != nil {
		return err
	}
	if b.own {
		if err := b.calm(ctx); err != nil {
			return err
		}
		if err := b.client.Redis().BgRewriteAOF(ctx).Err(); err != nil {
			return fmt.Errorf("shorten the append-only file: %w", err)
		}
	}
	return b.calm(ctx)
}

// calm waits until Redis rewrites nothing in the background.
func (b *bed) calm(ctx context.Context) error {
	return until(ctx, func() (bool, error) {
		info, err := b.info(ctx, "persistence")
		busy := info["aof_rewrite_in_progress"] == "1" || info["aof_rewrite_scheduled"] == "1" || info["rdb_bgsave_in_progress"] == "1"
		return !busy, err
	})
}

// info reads one section of Redis's INFO.
func (b *bed) info(ctx context.Context, section string) (map[string]string, error) {
	sections, err := b.client.Redis().InfoMap(ctx, section).Result()
	if err != nil {
		return nil, fmt.Errorf("read INFO %s: %w", section, err)
	}
	for _, fields := range sections {
		return fields, nil
	}
	return map[string]string{}, nil
}

// number reads a field of INFO, 0 where it is missing.
func number(text string) float64 {
	n, _ := strconv.ParseFloat(text, 64)
	return n
}

// note keeps a sentence for the report, once.
func (b *bed) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(b.notes, text) {
		b.notes = append(b.notes, text)
	}
}

// settings reads what the figures depend on.
func (b *bed) settings(ctx context.Context) (Settings, error) {
	s := Settings{
		Version: b.cfg.Version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		CPUs: runtime.NumCPU(), GOMAXPROCS: runtime.GOMAXPROCS(0), Rounds: b.cfg.Rounds, Tasks: b.cfg.Tasks,
		PayloadBytes: PayloadBytes, Quick: b.cfg.Quick, Redis: RedisFacts{Own: b.own},
	}
	if !b.own {
		s.Redis.URL = redisdb.Redact(b.ours.URL)
	}
	info, err := b.info(ctx, "server")
	if err != nil {
		return s, err
	}
	s.Redis.Version = info["redis_version"]
	for name, into := range map[string]*string{
		"appendonly": &s.Redis.AppendOnly, "appendfsync": &s.Redis.AppendFsync, "save": &s.Redis.Save,
		"maxmemory-policy": &s.Redis.MaxMemoryPolicy,
	} {
		*into = "unknown"
		config, err := b.client.Redis().ConfigGet(ctx, name).Result()
		if value, told := config[name]; err == nil && told { // providers forbid CONFIG: then it is unknown
			*into = value
		}
	}
	return s, nil
}

// raiseFiles lets this process, and those that it starts, open as many files as the system allows: a socket is one.
func raiseFiles() {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil && limit.Cur < limit.Max {
		limit.Cur = limit.Max
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit) // where it may not, fewer viewers are measured
	}
}

// fileLimit is how many files this process may have open.
func fileLimit() int {
	var limit syscall.Rlimit
	const otherwise = 1 << 20
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil || limit.Cur > otherwise {
		return otherwise
	}
	return int(limit.Cur)
}

// perSecond times f, which does n of something.
func perSecond(n int, f func() error) (float64, error) {
	began := time.Now()
	err := f()
	return float64(n) / time.Since(began).Seconds(), err
}
