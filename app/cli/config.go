package cli

import (
	"net"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/web"
)

// Config is all that a server can be told; each role takes what it needs. The zero value is not usable: see
// DefaultConfig.
//
//nolint:lll // a flag's help is one tag, and a tag is one line
type Config struct {
	RedisURL string `name:"redis-url" env:"QUEUEPILOT_REDIS_URL,REDIS_URL" placeholder:"URL" group:"Store" help:"Redis to work on: redis://, rediss:// (TLS), unix://, redis+sentinel:// or redis+cluster://. Without it serve brings its own store."`
	Store    string `placeholder:"auto" group:"Store" help:"Store that serve brings where no Redis is named: redis-server (a child process), memory (in process, saved to a file every few seconds), or auto: redis-server where one is on PATH, because it loses less."`
	DataDir  string `default:"./queuepilot-data" group:"Store" help:"Directory in which that store keeps the tasks. Relative, so that two projects do not share one."`

	WaitReplicas int `default:"0" placeholder:"N" group:"Store" help:"Replicas that must confirm a submit or another user's move before it is answered, 0 to 10; within 1s, else the answer is 503 and the same task may be sent again. 0 by default: each move costs a round trip more, and no replica's absence refuses tasks; 1 keeps what was answered when the primary is lost."`

	Addr        string   `default:"127.0.0.1:8080" placeholder:"HOST:PORT" group:"Web" help:"Address of dashboard and API. This machine only by default: whoever reaches it may submit and cancel tasks."`
	CORSOrigins []string `name:"cors-origins" placeholder:"ORIGIN" group:"Web" help:"Origins whose pages may call the API, as in https://example.com; comma-separated. None by default: other sites' pages have no business here."`
	Dev         bool     `group:"Web" help:"Serve /dev/components too, the page of all the dashboard's parts. Off by default: it is for those who change them."`

	Drills      bool   `group:"Web" help:"Let operators stop a worker as if it had crashed, on the page of the workers, and let this process's worker be stopped so. Off by default: whoever reaches the address could do it."`
	Environment string `placeholder:"NAME" group:"Web" help:"Name of this installation, such as production or staging, shown in each page's header and title so that nobody takes one for another; at most 24 characters. None by default."`

	Concurrency int    `default:"0" placeholder:"SLOTS" group:"Worker" help:"Tasks that this process runs at the same time. 0 means two for each CPU, at least 4: most tasks wait for something else for at least half of their time."`
	Queues      string `default:"*" placeholder:"NAME[=WEIGHT]" group:"Worker" help:"Queues to work on, comma-separated, with weights: \"default,critical=5\" takes from critical five times as often. * is every queue with weight 1, so that no task waits for want of a flag."`
	WorkerName  string `placeholder:"NAME" group:"Worker" help:"Name that the worker's id begins with; the host's name by default, because that is where one looks."`
	WorkerIndex *int   `env:"QUEUEPILOT_WORKER_INDEX,WORKER_INDEX" placeholder:"N" group:"Worker" help:"Names the worker Worker-N where no name is given, as in the Python system."`

	HeartbeatInterval time.Duration `default:"1s" group:"Liveness" help:"Time between two heartbeats of a worker. 1s: a fifth of the worker time-out, so that four may get lost."`
	WorkerTimeout     time.Duration `default:"5s" group:"Liveness" help:"Silence after which a worker is lost and its tasks run elsewhere. 5s: shorter, and a pause of the garbage collector or of a virtual machine looks like a death. The same for all processes of a site."`
	ShutdownTimeout   time.Duration `default:"25s" group:"Liveness" help:"Time for running tasks to finish after SIGTERM, before they are given back. 25s: below the 30s after which Kubernetes and Docker kill."`

	LogFormat string `default:"text" placeholder:"text|json" group:"Logs" help:"text for people, json for collectors."`
	LogLevel  string `default:"info" placeholder:"debug|info|warn|error" group:"Logs" help:"Least level that is logged. debug adds a line for each request."`
}

// DefaultConfig is what flags and environment fill in where they say nothing.
func DefaultConfig() Config {
	return Config{
		DataDir: "./queuepilot-data", Addr: "127.0.0.1:8080", Queues: "*",
		HeartbeatInterval: time.Second, WorkerTimeout: 5 * time.Second, ShutdownTimeout: 25 * time.Second,
		LogFormat: "text", LogLevel: "info",
	}
}

// The limits of the settings.
const (
	mostSlots     = 10000                 // a goroutine each; more than any one Redis connection pool feeds
	fastestBeat   = 50 * time.Millisecond // faster, and a busy machine misses its own
	mostWeight    = 1000
	leastSlots    = 4
	slotsPerCPU   = 2
	firstUserPort = 1024
	mostReplicas  = 10 // no site has more of one Redis
	mostEnvName   = 24 // characters: what a phone's header has room for
)

// check finds the first setting that cannot work; its error is a usageError that says the fix.
func (c Config) check() error {
	for _, check := range []func() error{c.checkStore, c.checkAddr, c.checkWorker, c.checkTimes, c.checkLog} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (c Config) checkStore() error {
	switch c.Store {
	case "", "auto", "redis-server", "memory":
	default:
		return usagef("--store is %q; wanted: auto, redis-server or memory", c.Store)
	}
	if c.WaitReplicas < 0 || c.WaitReplicas > mostReplicas {
		return usagef("--wait-replicas is %d; wanted: 0 to %d replicas", c.WaitReplicas, mostReplicas)
	}
	if c.WaitReplicas > 0 && c.RedisURL == "" {
		return usagef("--wait-replicas is %d, and a store of one's own has no replicas: pass --redis-url redis://HOST:6379 too",
			c.WaitReplicas)
	}
	if c.Store != "" && c.RedisURL != "" {
		return usagef("--store and a Redis are both named, and only one can hold the tasks: leave out --store, or --redis-url " +
			"(and the variable REDIS_URL)")
	}
	return nil
}

func (c Config) checkAddr() error {
	_, port, err := net.SplitHostPort(c.Addr)
	if n, badPort := strconv.Atoi(port); err != nil || badPort != nil || n < 0 || n > 65535 {
		return usagef("--addr is %q; wanted: host:port, such as 127.0.0.1:8080, or :8080 for all of this machine's addresses", c.Addr)
	}
	if e := c.Environment; utf8.RuneCountInString(e) > mostEnvName || strings.ContainsFunc(e, notShown) || strings.TrimSpace(e) != e {
		return usagef("--environment is %q; wanted: a name of at most %d characters, such as staging", c.Environment, mostEnvName)
	}
	for _, origin := range c.CORSOrigins {
		if !web.ValidOrigin(origin) {
			return usagef("--cors-origins has %q; wanted: scheme and host, such as https://example.com or http://localhost:3000, "+
				"without a path or a *", origin)
		}
	}
	return nil
}

func notShown(r rune) bool { return !unicode.IsPrint(r) }

func (c Config) checkWorker() error {
	if c.Concurrency < 0 || c.Concurrency > mostSlots {
		return usagef("--concurrency is %d; wanted: 1 to %d slots, or 0 for two for each CPU", c.Concurrency, mostSlots)
	}
	if c.WorkerName != "" && !queue.ValidName(c.WorkerName) {
		return usagef("--worker-name is %q; wanted: %s", c.WorkerName, queue.NameRule)
	}
	if c.WorkerIndex != nil && *c.WorkerIndex < 0 {
		return usagef("--worker-index is %d; wanted: 0 or more", *c.WorkerIndex)
	}
	_, err := parseQueues(c.Queues)
	return err
}

func (c Config) checkTimes() error {
	switch {
	case c.HeartbeatInterval < fastestBeat:
		return usagef("--heartbeat-interval is %s; wanted: at least %s", c.HeartbeatInterval, fastestBeat)
	case c.WorkerTimeout <= 2*c.HeartbeatInterval:
		return usagef("--worker-timeout is %s and --heartbeat-interval %s: one lost heartbeat would look like a death. "+
			"Pass --worker-timeout %s or more", c.WorkerTimeout, c.HeartbeatInterval, 5*c.HeartbeatInterval)
	case c.ShutdownTimeout < time.Millisecond:
		return usagef("--shutdown-timeout is %s; wanted: at least 1ms", c.ShutdownTimeout)
	}
	return nil
}

func (c Config) checkLog() error {
	if c.LogFormat != "text" && c.LogFormat != "json" {
		return usagef("--log-format is %q; wanted: text or json", c.LogFormat)
	}
	if _, ok := logLevels[c.LogLevel]; !ok {
		return usagef("--log-level is %q; wanted: debug, info, warn or error", c.LogLevel)
	}
	return nil
}

// slots is the worker's concurrency.
func (c Config) slots() int {
	if c.Concurrency > 0 {
		return c.Concurrency
	}
	return max(leastSlots, slotsPerCPU*runtime.GOMAXPROCS(0))
}

// workerName is what the worker's id begins with; empty for the host's name.
func (c Config) workerName() string {
	if c.WorkerName == "" && c.WorkerIndex != nil {
		return "Worker-" + strconv.Itoa(*c.WorkerIndex)
	}
	return c.WorkerName
}

// parseQueues reads "default,critical=5" as weights by name. A name alone has weight 1; "*" is every other queue.
func parseQueues(text string) (map[string]int, error) {
	weights := map[string]int{}
	for part := range strings.SplitSeq(text, ",") {
		name, number, weighted := strings.Cut(strings.TrimSpace(part), "=")
		if name != "*" && !queue.ValidName(name) {
			return nil, usagef("--queues has %q; wanted: names of %s, or *, as in \"default,critical=5\"", part, queue.NameRule)
		}
		if _, twice := weights[name]; twice {
			return nil, usagef("--queues names %q twice; give it once, with its weight", name)
		}
		weights[name] = 1
		if !weighted {
			continue
		}
		weight, err := strconv.Atoi(number)
		if err != nil || weight < 1 || weight > mostWeight {
			return nil, usagef("--queues gives %s the weight %q; wanted: a whole number from 1 to %d", name, number, mostWeight)
		}
		weights[name] = weight
	}
	return weights, nil
}
