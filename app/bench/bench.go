// Package bench measures QueuePilot: what it does in a second, how long a task waits, what it costs Redis, and what all
// of that is beside Redis's own bare commands in the same run. Run is the whole of it, as `queuepilot bench` shows it;
// Ours is the part that a comparison with other queues needs.
package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Config says what is measured, and on what. Zero values stand for the defaults.
type Config struct {
	// RedisURL names the Redis to measure on. Its database must be empty, must not be used by anybody else meanwhile, and
	// is emptied again and again. Where empty, Run brings a redis-server of its own in a temporary folder, with an
	// append-only file synced every second.
	RedisURL string
	Rounds   int      // each measures everything once; 3, or 1 with Quick
	Tasks    int      // of a drain, and the measure for the others; 100,000, or 5,000 with Quick
	Only     []string // groups to measure, of Groups; all where empty
	Quick    bool     // smaller in every direction, for a first look below 30 s
	Version  string   // of this program, for the report

	// Crowd is the command, with its arguments, that runs RunCrowd on its standard input and output. The group "sockets"
	// needs it: the viewers shall not count as memory of the server, nor share its file descriptors.
	Crowd []string

	Progress func(line string) // told what is measured now; nil for nobody
}

// Limits of the settings, so that a slip does not run for days.
const (
	mostRounds = 100
	leastTasks = 1000
	mostTasks  = 10_000_000
)

// size is how much a round measures.
type size struct {
	tasks     int           // in a drain; see few and half
	samples   int           // of a pick-up
	backlogs  []int         // pending tasks
	workers   []int         // registered
	viewers   []int         // at /ws
	window    time.Duration // of watching the viewers
	perGrowth int           // tasks whose cost is measured at each backlog and number of workers
}

// few is for what goes task by task through one connection: it takes about as long as the others.
func (s size) few() int { return s.tasks / 5 }

// half is for what goes task by task through many.
func (s size) half() int { return s.tasks / 2 }

func (c Config) size() size {
	if c.Quick {
		return size{
			tasks: c.Tasks, samples: 100, backlogs: []int{1000, 10_000}, workers: []int{1, 10, 100}, viewers: []int{1, 100},
			window: time.Second, perGrowth: 1000,
		}
	}
	return size{
		tasks: c.Tasks, samples: 500, backlogs: []int{1000, 10_000, 100_000, 1_000_000}, workers: []int{1, 10, 100, 1000},
		viewers: []int{1, 100, 1000, 10_000}, window: 3 * time.Second, perGrowth: 10_000,
	}
}

// warmUp is the size of the round that does not count. It loads the scripts, opens the connections, and has Redis and
// this process take their memory.
func (c Config) warmUp() size {
	return size{
		tasks: max(c.Tasks/10, leastTasks/2), samples: warmSamples, backlogs: []int{1000}, workers: []int{10},
		viewers: []int{10}, window: 500 * time.Millisecond, perGrowth: 1000,
	}
}

func (c Config) withDefaults() (Config, error) {
	if c.Rounds == 0 {
		c.Rounds = 3
		if c.Quick {
			c.Rounds = 1
		}
	}
	if c.Tasks == 0 {
		c.Tasks = 100_000
		if c.Quick {
			c.Tasks = 5000
		}
	}
	if len(c.Only) == 0 {
		c.Only = Groups()
	}
	if c.Progress == nil {
		c.Progress = func(string) {}
	}
	return c, c.Check()
}

// Check finds the first setting that cannot work. Zero values can.
func (c Config) Check() error {
	if c.Rounds < 0 || c.Rounds > mostRounds {
		return fmt.Errorf("rounds is %d; wanted: 1 to %d", c.Rounds, mostRounds)
	}
	if c.Tasks != 0 && (c.Tasks < leastTasks || c.Tasks > mostTasks) {
		return fmt.Errorf("tasks is %d; wanted: %d to %d", c.Tasks, leastTasks, mostTasks)
	}
	for _, name := range c.Only {
		if !slices.Contains(Groups(), name) {
			return fmt.Errorf("only names %q; wanted: one or more of %s", name, strings.Join(Groups(), ","))
		}
	}
	return nil
}

// Run measures and reports. It refuses a database that is not empty, and leaves an empty one. The error of a setting
// that cannot work is Check's. It takes some minutes, seconds with Quick; ctx ends it early with an error.
func Run(ctx context.Context, cfg Config) (report *Report, err error) {
	cfg, err = cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	raiseFiles()
	b, err := newBed(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	settings, err := b.settings(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	taken, err := b.rounds(ctx)
	if err != nil {
		return nil, err
	}
	settings.StartedAt, settings.TookSeconds = began.UTC(), time.Since(began).Seconds()
	return &Report{Settings: settings, Figures: taken.figures(), Notes: b.notes}, nil
}

// rounds measures everything once to warm up, and then again and again, interleaved: what passes over the machine
// meanwhile shall meet them all.
func (b *bed) rounds(ctx context.Context) (*readings, error) {
	taken := newReadings()
	for round := range b.cfg.Rounds + 1 {
		name, s := fmt.Sprintf("round %d of %d", round, b.cfg.Rounds), b.cfg.size()
		if round == 0 {
			name, s = "warm-up", b.cfg.warmUp()
		}
		into := taken
		if round == 0 {
			into = newReadings()
		}
		if err := b.round(ctx, name, s, into); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return taken, nil
}

func (b *bed) round(ctx context.Context, name string, s size, into *readings) error {
	for _, g := range groups {
		if g.name != floorGroup && !slices.Contains(b.cfg.Only, g.name) {
			continue
		}
		b.cfg.Progress(name + ": " + g.name)
		if err := b.clean(ctx); err != nil {
			return err
		}
		runtime.GC() // the garbage of the one before is not this one's
		gauges, err := g.measure(ctx, b, s)
		if err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
		into.add(g.name, gauges)
	}
	return nil
}

// group is what is measured together.
type group struct {
	name, title string
	measure     func(context.Context, *bed, size) ([]gauge, error)
}

// floorGroup is measured in every run: the others are told beside it.
const floorGroup = "floor"

// groups are in the order in which they are measured and shown.
var groups = []group{
	{floorGroup, "bare Redis, by the same client library and with the same payload", measureFloor},
	{"submit", "tasks taken", measureSubmit},
	{"drain", "a backlog of no-op tasks, until the last outcome is recorded", measureDrain},
	{"both", "submit and drain at once", measureBoth},
	{"pickup", "from before a task's submit to its handler's start, the worker idle", measurePickUp},
	{"memory", "what Redis holds", measureMemory},
	{"backlog", "as it grows, with 250 tasks a script", measureBacklog},
	{"workers", "Redis's time as they grow", measureWorkers},
	{"http", "the real server on the loopback, and its client on the same CPUs", measureHTTP},
	{"sockets", "viewers at /ws, in a process of their own on the same CPUs, while something changes all the time", measureSockets},
}

// Groups lists what Config.Only may name. The bare Redis floor is measured with any of them.
func Groups() []string {
	var names []string
	for _, g := range groups {
		if g.name != floorGroup {
			names = append(names, g.name)
		}
	}
	return names
}
