package workers

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// Config says how a worker works. Zero values stand for the defaults.
type Config struct {
	Name  string // shown to people; the host's name where empty. [A-Za-z0-9_.:-]{1,64}
	Slots int    // tasks run at once; default 10
	// Queues maps the queues it works on to their weights, 1 or more; "*" stands for all others. Default {"*": 1}.
	Queues            map[string]int
	HeartbeatInterval time.Duration // default 1 s
	// WorkerTimeout is the lease: silent for longer, the worker is lost. Default 5 s: five missed heartbeats; shorter
	// and a pause of the garbage collector looks like a death. The monitor must be told the same.
	WorkerTimeout   time.Duration
	ShutdownTimeout time.Duration // how long running tasks may take to end when the worker stops; default 25 s
	Version         string        // shown to people
	Drills          bool          // stop as if it had crashed where an operator asks for a drill, and start again under a new id
	Log             *slog.Logger  // slog.Default where nil
}

func (cfg Config) withDefaults() (Config, error) {
	if cfg.Name == "" {
		cfg.Name = hostName()
	}
	if cfg.Slots == 0 {
		cfg.Slots = 10
	}
	if len(cfg.Queues) == 0 {
		cfg.Queues = map[string]int{"*": 1}
	}
	cfg.HeartbeatInterval = orDuration(cfg.HeartbeatInterval, time.Second)
	cfg.WorkerTimeout = orDuration(cfg.WorkerTimeout, 5*time.Second)
	cfg.ShutdownTimeout = orDuration(cfg.ShutdownTimeout, 25*time.Second)
	cfg.Version = strings.Join(strings.Fields(cfg.Version), " ") // one line
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return cfg, cfg.check()
}

func (cfg Config) check() error {
	if !queue.ValidName(cfg.Name) {
		return fmt.Errorf("worker name %q: wanted %s", cfg.Name, queue.NameRule)
	}
	if cfg.Slots < 1 || cfg.Slots > 10000 {
		return fmt.Errorf("worker slots %d: wanted 1 to 10000", cfg.Slots)
	}
	for name, weight := range cfg.Queues {
		if name != "*" && !queue.ValidName(name) || weight < 1 || weight > 1000 {
			return fmt.Errorf("worker queue %s=%d: wanted a queue's name or *, and a weight from 1 to 1000", name, weight)
		}
	}
	if cfg.HeartbeatInterval*2 > cfg.WorkerTimeout {
		return fmt.Errorf("heartbeat interval %v: wanted at most half of the worker time-out (%v), or one lost heartbeat is a death",
			cfg.HeartbeatInterval, cfg.WorkerTimeout)
	}
	return nil
}

func hostName() string {
	name, err := os.Hostname()
	if err != nil || !queue.ValidName(name) {
		return "worker"
	}
	return name
}

func orDuration(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// newID is the name with a random suffix: a dead worker's id never comes back.
func newID(name string) string { return name + "-" + strings.ToLower(rand.Text()[:8]) }

// profile is what a worker can run, in the form that lib.lua reads, and a short id for it. Workers with the same
// profile stand on one list of ready workers.
func profile(queues map[string]int, types []string) (id, text string) {
	text = queuesText(queues) + ";" + strings.Join(types, ",")
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6]), text
}

func queuesText(queues map[string]int) string {
	parts := make([]string, 0, len(queues))
	for _, name := range slices.Sorted(maps.Keys(queues)) {
		parts = append(parts, fmt.Sprintf("%s=%d", name, queues[name]))
	}
	return strings.Join(parts, ",")
}
