package chaos

import (
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

// site is a QueuePilot under fault: its processes, what was submitted to it, and what it executed.
type site struct {
	*harness.System
	*ledger
	f      *fault
	gates  harness.Gates
	client *queue.Client // past every proxy

	redriven int // tasks that were put back after their end

	mu    sync.Mutex
	slots int
	kills map[string]time.Time // worker id -> when it was killed
}

// newSite starts one. In the quick cut a worker is lost after two seconds instead of five.
func newSite(f *fault, setup harness.Setup) *site {
	f.Helper()
	if setup.WorkerTimeout == 0 {
		setup.WorkerTimeout = lease()
	}
	s := &site{f: f, gates: harness.NewGates(f), kills: map[string]time.Time{}}
	s.System = harness.NewSystemWith(f, setup)
	if s.Redis != nil {
		s.client = openClient(f, s.Redis.URL())
	}
	s.ledger = newLedger(f, s.API)
	return s
}

// calm is --worker-timeout in rows that are not about leases: on a machine that is busy with other rows, too, no worker
// is lost in them but by a fault.
const calm = 15 * time.Second

// lease is --worker-timeout: its default, and less in the quick cut.
func lease() time.Duration { return size(2*time.Second, 5*time.Second) }

// steadyLease is for rows that say exactly who is lost: on a busy machine, too, no worker may lose it by itself.
func steadyLease() time.Duration { return size(4*time.Second, 5*time.Second) }

func openClient(f *fault, url string) *queue.Client {
	f.Helper()
	return queue.New(redistest.Open(f, url))
}

// worker starts a test worker.
func (s *site) worker(name string, slots int, args ...string) *harness.Process {
	s.f.Helper()
	s.mu.Lock()
	s.slots = max(s.slots, slots)
	s.mu.Unlock()
	return s.TestWorker(name, slots, s.gates, args...)
}

// kill ends a worker as a crash would, and remembers when.
func (s *site) kill(w *harness.Process) {
	id := w.WorkerID()
	s.mu.Lock()
	s.kills[id] = time.Now()
	s.mu.Unlock()
	w.Kill()
}

// work returns what makes task i of a load: T<i>, for some milliseconds up to most.
func (s *site) work(most int) func(i int) harness.New {
	return func(i int) harness.New {
		return harness.New{"id": fmt.Sprintf("T%d", i), "type": "work", "payload": map[string]int{"ms": 1 + s.f.intn(most)}}
	}
}

// drain sends again what got no 2xx and waits until every task is final.
func (s *site) drain() {
	s.f.Helper()
	s.settle()
	harness.UntilWithin(s.f, size(time.Minute, 10*time.Minute), "every task is final", func() error {
		counts, err := s.client.Redis().HGetAll(s.f.Context(), s.client.Keys().Counts()).Result()
		if err != nil {
			return err
		}
		left := 0
		for field, n := range counts {
			switch field[len(field)-1] {
			case 's', 'p', 'a', 'r', 'y':
				left += atoi(n)
			}
		}
		if left > 0 {
			return fmt.Errorf("%d are not: %v", left, counts)
		}
		return nil
	})
}

func atoi(text string) int {
	var n int
	_, _ = fmt.Sscan(text, &n) // scripts write digits only
	return n
}

// rdb is the site's Redis, past every proxy.
func (s *site) rdb() redis.UniversalClient { return s.client.Redis() }
