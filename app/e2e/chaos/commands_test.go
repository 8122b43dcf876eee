package chaos

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

// failpoint is a process behind a proxy that can stop the world for it at one of its commands: before it, or when the
// server has run it and the process does not know yet.
type failpoint struct {
	proxy  *harness.Proxy
	start  func() *harness.Process
	proc   *harness.Process
	struck chan string

	mu   sync.Mutex
	left int // commands until it strikes; below zero where it is not armed
	fate harness.Fate
	dead bool // it struck: nothing passes until the process is replaced
}

func (s *site) failpoint(name, role string, proxy *harness.Proxy) *failpoint {
	p := &failpoint{proxy: proxy, left: -1, struck: make(chan string, 1)}
	p.start = func() *harness.Process { return s.Role(name, role) }
	proxy.Decide(p.decide)
	p.proc = p.start()
	return p
}

func (p *failpoint) decide(command string) harness.Fate {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.dead:
		return harness.CutBefore
	case p.left > 0:
		p.left--
	case p.left == 0:
		p.left, p.dead = -1, true
		p.struck <- command
		return p.fate
	}
	return harness.Pass
}

// strike kills the process at its n-th command from now and starts it again.
func (p *failpoint) strike(f *fault, n int, fate harness.Fate) string {
	p.mu.Lock()
	p.left, p.fate = n, fate
	p.mu.Unlock()
	var command string
	harness.Until(f, p.proc.Name+" reaches its failpoint", func() error {
		select {
		case command = <-p.struck:
			return nil
		default:
			return errors.New("not yet")
		}
	})
	p.proc.Kill()
	p.mu.Lock()
	p.dead = false
	p.mu.Unlock()
	p.proc = p.start()
	return command
}

func TestRow05SchedulersAndMonitorsKilledBetweenCommandsKeepTheOrder(t *testing.T) {
	row(t, 5, "two schedulers and monitors killed between any two commands", func(f *fault) {
		redis := redistest.New(f)
		proxies := map[string]*harness.Proxy{}
		for _, name := range []string{"scheduler1", "scheduler2", "monitor1", "monitor2"} {
			proxies[name] = harness.NewProxy(f, redis.Addr())
		}
		s := newSite(f, harness.Setup{Redis: redis, Address: func(process string) string {
			if p := proxies[process]; p != nil {
				return p.URL()
			}
			return ""
		}})
		s.Scheduler.Kill()
		s.Monitor.Kill()
		var points []*failpoint
		for name, proxy := range proxies {
			points = append(points, s.failpoint(name, strings.TrimRight(name, "12"), proxy))
		}
		s.worker("line", 1, "-queues", "fifo")
		crew := s.crew(2, 4, "-queues", "default")

		done := s.load(size(800, 8000), 20, 50*time.Millisecond, s.mixed)
		kills := 0
		strikes := f.during(done, time.Millisecond, 50*time.Millisecond, func() {
			point, fate := points[f.intn(len(points))], []harness.Fate{harness.CutBefore, harness.CutAfter}[f.intn(2)]
			f.Logf("%s killed at %s (%d)", point.proc.Name, point.strike(f, f.intn(20), fate), fate)
			if f.oneIn(4) {
				crew.killOne()
				kills++
			}
		})
		s.drain()
		f.figure("strikes", float64(strikes))
		s.verify(kills, crew.slots)
		s.inOrder()
	})
}

// mixed returns task i of a load in which every third goes to the line, and every third of the rest waits a moment.
func (s *site) mixed(i int) harness.New {
	switch i % 3 {
	case 0:
		return harness.New{"id": fmt.Sprintf("F%05d", i), "queue": "fifo", "type": "work", "payload": map[string]int{"ms": 1}}
	case 1:
		task := s.work(20)(i)
		task["delay_seconds"] = 0.05 * float64(s.f.intn(20))
		return task
	default:
		return s.work(20)(i)
	}
}

// inOrder checks that the tasks of the fifo line started, each for the first time, in the order of their submission.
func (s *site) inOrder() {
	s.f.Helper()
	var started []string
	for _, e := range s.gates.Executions(s.f) {
		if e.What == "start" && strings.HasPrefix(e.Task, "F") && !slices.Contains(started, e.Task) {
			started = append(started, e.Task)
		}
	}
	if !slices.IsSorted(started) {
		s.f.Errorf("the line of one slot started in the order %v", started)
	}
}

// cutter makes the server run some commands whose replies are then never delivered, and counts them.
type cutter struct {
	f    *fault
	one  map[string]int // of so many of a command one reply is lost
	mu   sync.Mutex
	seen map[string]int // from a number drawn on
	cuts map[string]int
	off  bool
}

func (c *cutter) decide(command string) harness.Fate {
	n := c.one[command]
	c.mu.Lock()
	defer c.mu.Unlock()
	if n == 0 || c.off {
		return harness.Pass
	}
	if _, known := c.seen[command]; !known {
		c.seen[command] = c.f.intn(n)
	}
	if c.seen[command]++; c.seen[command]%n != 0 {
		return harness.Pass
	}
	c.cuts[command]++
	return harness.CutAfter
}

// stop lets everything pass from now on, and notes what was cut.
func (c *cutter) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off = true
	for command, n := range c.cuts {
		c.f.figure("lost_replies_"+command, float64(n))
	}
	for command := range c.one {
		if c.cuts[command] == 0 {
			c.f.Errorf("no reply of %s was lost: nothing is shown for it", command)
		}
	}
}

func TestRow06ALostReplyIsTheSameAnswerTheNextTime(t *testing.T) {
	row(t, 6, "reply lost after execution, of every move", func(f *fault) {
		redis := redistest.New(f)
		cuts := &cutter{f: f, seen: map[string]int{}, cuts: map[string]int{}, one: map[string]int{
			"submit": 3, "assign": 4, "turn": 4, "heartbeat": 4, "promote": 4, "level": 8, "reclaim": 4, "register": 2,
			"cancel": 3, "requeue": 3,
		}}
		proxy := harness.NewProxy(f, redis.Addr())
		proxy.Decide(cuts.decide)
		s := newSite(f, harness.Setup{Redis: redis, WorkerTimeout: calm, Address: func(string) string { return proxy.URL() }})
		crew := s.crew(2, 4, "-queues", "default")
		s.worker("line", 1, "-queues", "fifo")
		done := s.load(size(600, 6000), 20, 50*time.Millisecond, s.mixed)
		s.cancelAndRetry(size(20, 100))
		<-done
		s.drain()
		cuts.stop()
		s.verify(0, 0) // no fault here makes anything run twice
		s.inOrder()
		for _, w := range crew.workers {
			if n := w.Log().Count("report refused"); n > 0 {
				f.Errorf("%d reports of %s were refused; each was the worker's own, sent again", n, w.Name)
			}
		}
	})
}

// cancelAndRetry cancels n tasks that are not due yet and retries them. Each answer must be that of a move that was made
// once: 200, or where even the third try's reply was lost 503, and then the task tells that it was made.
func (s *site) cancelAndRetry(n int) {
	s.f.Helper()
	for i := range n {
		task := quick(fmt.Sprintf("R%d", i))
		task["delay_seconds"] = 3600
		harness.Until(s.f, "it is taken", func() error {
			if !s.submit(task) {
				return errors.New("not yet")
			}
			return nil
		})
		s.move(task["id"].(string), "cancel")
		s.UntilState("canceled", task["id"].(string))
		s.move(task["id"].(string), "retry")
		s.redriven++
	}
}

func (s *site) move(id, verb string) {
	s.f.Helper()
	status, err := s.Call("POST", "/api/v1/tasks/"+id+"/"+verb, nil, nil)
	if err != nil || status != http.StatusOK && status != http.StatusServiceUnavailable {
		s.f.Errorf("%s of %s: status %d, %v; want 200", verb, id, status, err)
	}
}
