package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/xuniquepatel/queue-pilot/monitor"
)

const (
	// changeEvery is how often a task is submitted, and run, while viewers watch: more often than snapshots come, so that
	// they come as often as they may.
	changeEvery = 20 * time.Millisecond
	// spareFiles are what this process needs beside the viewers' sockets.
	spareFiles = 300
)

// mostViewers is how many viewers this process can serve: app/web leaves a quarter of the files for other things.
func mostViewers() int { return fileLimit()*3/4 - spareFiles }

// measureSockets lets more and more viewers watch a site where something changes all the time.
func measureSockets(ctx context.Context, b *bed, s size) ([]gauge, error) {
	if err := b.startCrowd(); err != nil {
		return nil, err
	}
	site := newSite(ctx, b.client)
	gauges, err := b.watch(ctx, site, s)
	err = errors.Join(err, b.crowd.disperse())
	return gauges, errors.Join(err, site.stop())
}

func (b *bed) watch(ctx context.Context, site *site, s size) ([]gauge, error) {
	addr, err := site.serve(slices.Max(s.viewers) + spareFiles)
	if err != nil {
		return nil, err
	}
	done, err := site.expect(ctx, 0)
	if err != nil {
		return nil, err
	}
	site.work(workerSlots, done.handle)
	site.run(func(ctx context.Context) error { return changeAllTheTime(ctx, site) })
	published := newPublished(site)
	if err := site.ready(ctx); err != nil {
		return nil, err
	}
	var gauges []gauge
	var few int
	var fewHold float64 // what the process holds with the first viewers
	for i, n := range b.viewers(s.viewers) {
		if err := b.crowd.gather(addr, n); err != nil {
			return nil, err
		}
		held := memoryInUse()
		seen, err := b.window(ctx, s.window)
		if err != nil {
			return nil, err
		}
		delays := seen.delays(published)
		if len(delays) == 0 {
			b.note("no snapshot reached all %s viewers within %v: their delay is not known", thousands(float64(n)), s.window)
		}
		gauges = append(gauges, seen.gauges(viewersName(n), delays)...)
		if i == 0 {
			few, fewHold = n, memoryInUse()
			continue
		}
		each := (held - fewHold) / float64(n-few)
		gauges = append(gauges, gauge{name: viewersName(n) + "memory of the server", unit: "KB/viewer", value: each / 1000})
	}
	return gauges, nil
}

// viewers leaves out what the system does not allow, and says so.
func (b *bed) viewers(wanted []int) []int {
	var can []int
	for _, n := range wanted {
		if most := mostViewers(); n > most {
			b.note("%s viewers need more files than this process may open (%d; see ulimit -Hn): %s were measured instead",
				thousands(float64(n)), fileLimit(), thousands(float64(most)))
			n = most
		}
		if n > 0 && !slices.Contains(can, n) {
			can = append(can, n)
		}
	}
	return can
}

func viewersName(n int) string {
	if n == 1 {
		return "1 viewer: "
	}
	return thousands(float64(n)) + " viewers: "
}

// changeAllTheTime submits a task now and now, and ends with ctx.
func changeAllTheTime(ctx context.Context, site *site) error {
	tick := time.NewTicker(changeEvery)
	defer tick.Stop()
	for {
		if err := submitNoops(ctx, site.client, 1); err != nil && ctx.Err() == nil {
			return fmt.Errorf("change something: %w", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// published remembers when each snapshot came from the monitor, by its own time in ms.
type published struct {
	mu sync.Mutex
	at map[int64]time.Time
}

func newPublished(site *site) *published {
	p := &published{at: map[int64]time.Time{}}
	site.run(func(ctx context.Context) error {
		for s := range monitor.Subscribe(ctx, site.client) {
			now := time.Now()
			p.mu.Lock()
			p.at[s.At.UnixMilli()] = now
			p.mu.Unlock()
		}
		return nil
	})
	return p
}

func (p *published) when(at int64) (time.Time, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	when, ok := p.at[at]
	return when, ok
}

// memoryInUse is this process's memory in bytes after everything that can be freed is freed, without what the runtime
// keeps for later.
func memoryInUse() float64 {
	runtime.GC()
	runtime.GC() // what pools held through the first one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapInuse) + float64(m.StackInuse)
}

// sight is what the viewers saw in a while, and what Redis did meanwhile.
type sight struct {
	crowdSight
	took     time.Duration
	commands float64
}

func (b *bed) window(ctx context.Context, length time.Duration) (sight, error) {
	var s sight
	before, err := b.info(ctx, "stats")
	if err != nil {
		return s, err
	}
	began := time.Now()
	if err := b.crowd.begin(); err != nil {
		return s, err
	}
	select {
	case <-time.After(length):
	case <-ctx.Done():
		return s, ctx.Err()
	}
	if s.crowdSight, err = b.crowd.end(); err != nil {
		return s, err
	}
	s.took = time.Since(began)
	after, err := b.info(ctx, "stats")
	const commands = "total_commands_processed"
	s.commands = number(after[commands]) - number(before[commands])
	return s, err
}

// delays are from the monitor's publication of each snapshot to the last viewer's receipt, sorted.
func (s sight) delays(p *published) []time.Duration {
	var delays []time.Duration
	for _, a := range s.Arrivals {
		if when, ok := p.when(a.At); ok {
			delays = append(delays, max(time.UnixMicro(a.Last).Sub(when), time.Microsecond))
		}
	}
	slices.Sort(delays)
	return delays
}

func (s sight) gauges(name string, delays []time.Duration) []gauge {
	gauges := []gauge{
		{name: name + "snapshots delivered", unit: "messages/s", value: float64(s.Messages) / s.took.Seconds()},
		{name: name + "Redis", unit: "commands/s", value: s.commands / s.took.Seconds()},
	}
	if len(delays) == 0 {
		return gauges
	}
	return append(gauges,
		gauge{name: name + "slowest viewer's delay, median", unit: "ms", value: milliseconds(percentile(delays, 50))},
		gauge{name: name + "slowest viewer's delay, worst", unit: "ms", value: milliseconds(delays[len(delays)-1])})
}
