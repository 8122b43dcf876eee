package chaos

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"github.com/xuniquepatel/queue-pilot/app/cli"
	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
	"github.com/xuniquepatel/queue-pilot/app/loop"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

var soak = flag.Duration("chaos.soak", 15*time.Second, "how long the soak takes")

// soakFault is how often something breaks.
const soakFault = 5 * time.Second

// TestSoak runs everything in this process, as `queuepilot serve` does, on a Redis behind a bad network, and breaks
// something every five seconds. The memory and the goroutines that are left after each fault must not grow, and at
// the end none of the goroutines may be left.
func TestSoakMemoryAndGoroutinesStayFlat(t *testing.T) {
	ignored := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		goleak.VerifyNone(t, ignored,
			goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"), // ends within 10 s
			goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))    // one a process, for ever
	})
	alone(t, 24, "soak: a fault every 5 s", func(f *fault) {
		redis := redistest.New(f)
		network := harness.NewNetwork(f, redis.Addr())
		app, stop := startApp(f, network.URL())
		s := &site{f: f, System: &harness.System{API: harness.NewAPI(f, app.URL()), Redis: redis}, client: openClient(f, redis.URL())}
		s.ledger = newLedger(f, s.API)
		s.ledger.counting = true
		s.UntilReady()
		viewer := s.view()

		faults, samples := 0, []footprint{}
		for n, began := 0, time.Now(); time.Since(began) < *soak; n++ {
			next := time.Now().Add(soakFault)
			s.strike(network, faults)
			faults++
			for i := 0; time.Now().Before(next); i++ {
				s.submit(harness.New{"id": fmt.Sprintf("S%d-%d", n, i), "payload": i, "retention_seconds": 60})
				f.pass(10 * time.Millisecond)
			}
			samples = append(samples, takeFootprint())
		}
		s.drain()
		stop()
		viewer()
		f.figure("faults", float64(faults))
		f.flat(samples)
		census := s.census()
		s.recordedOnce(census, s.count)
		if n := int(census.Totals.Submitted); n != s.count {
			f.Errorf("%d tasks were submitted, %d got a 2xx", n, s.count)
		}
		f.note(func(r *figures) { r.Tasks = s.count })
	})
}

// view looks at the dashboard's socket, and connects again whenever it closes. The returned function waits until it
// has stopped, which it does when the server is gone for good.
func (s *site) view() (wait func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var viewer sync.WaitGroup
	viewer.Go(func() {
		_ = loop.Run(ctx, 200*time.Millisecond, nil, func(ctx context.Context) error {
			conn, _, err := websocket.Dial(ctx, strings.Replace(s.URL, "http", "ws", 1)+"/ws", nil)
			if err != nil {
				return err
			}
			defer conn.CloseNow()
			conn.SetReadLimit(16 << 20)
			for err == nil {
				_, _, err = conn.Read(ctx)
			}
			return err
		}, nil)
	})
	return func() {
		cancel()
		viewer.Wait()
	}
}

// startApp runs a whole QueuePilot in this process. The returned function stops it.
func startApp(f *fault, redisURL string) (*cli.App, func()) {
	f.Helper()
	cfg := cli.DefaultConfig()
	cfg.Addr, cfg.RedisURL, cfg.WorkerTimeout, cfg.HeartbeatInterval = "127.0.0.1:0", redisURL, lease(), lease()/5
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	app, err := cli.Open(f.Context(), cfg, cli.All, quiet)
	if err != nil {
		f.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- app.Run(ctx) }()
	return app, func() {
		cancel()
		if err := <-ended; err != nil {
			f.Errorf("it ended with %v", err)
		}
	}
}

// strike breaks something for a moment, in turns.
func (s *site) strike(network *harness.Network, n int) {
	ctx := s.f.Context()
	switch n % 7 {
	case 0:
		_ = s.rdb().Do(ctx, "CLIENT", "KILL", "TYPE", "normal").Err() // it may have killed itself
	case 1:
		network.Cut()
		s.f.pass(300 * time.Millisecond)
		network.Mend()
	case 2:
		s.Redis.Written()
		s.Redis.Kill()
		s.Redis.Start()
	case 3:
		_ = s.rdb().Do(ctx, "CLIENT", "KILL", "TYPE", "pubsub").Err()
	case 4:
		network.Toxic("timeout", "downstream", map[string]int{"timeout": 0})
		s.f.pass(lease())
		network.Heal()
	case 5:
		_ = s.rdb().ScriptFlush(ctx).Err()
	case 6:
		s.Redis.Pause()
		s.f.pass(lease())
		s.Redis.Resume()
	}
}

// footprint is what a process holds.
type footprint struct {
	heap       uint64 // bytes in use after a collection
	goroutines int
}

func takeFootprint() footprint {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return footprint{m.HeapAlloc, runtime.NumGoroutine()}
}

// flat compares the last third of the samples with the first, past the warm-up: the medians may differ by a tenth and
// a little.
func (f *fault) flat(samples []footprint) {
	f.Helper()
	third := len(samples) / 3
	early, late, wobble := samples[:third], samples[len(samples)-third:], 50
	if len(samples) > 60 { // the charts of the dashboard fill for five minutes
		early, wobble = samples[third:2*third], 10
	}
	if third == 0 {
		f.Fatalf("%d samples are too few to compare", len(samples))
	}
	heap := func(all []footprint) float64 {
		return float64(median(all, func(p footprint) int { return int(p.heap) })) / (1 << 20)
	}
	goroutines := func(all []footprint) int { return median(all, func(p footprint) int { return p.goroutines }) }
	f.figure("heap_early_mib", heap(early))
	f.figure("heap_late_mib", heap(late))
	f.figure("goroutines_early", float64(goroutines(early)))
	f.figure("goroutines_late", float64(goroutines(late)))
	if heap(late) > 1.1*heap(early)+4 {
		f.Errorf("the heap grew from %.1f to %.1f MiB", heap(early), heap(late))
	}
	if goroutines(late) > goroutines(early)+wobble {
		f.Errorf("the goroutines grew from %d to %d", goroutines(early), goroutines(late))
	}
}

func median[T any](all []T, of func(T) int) int {
	values := make([]int, len(all))
	for i, v := range all {
		values[i] = of(v)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
