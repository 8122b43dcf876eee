package browser

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
)

// site is a system with one worker, and a tab to look at it.
type site struct {
	*harness.System
	*harness.Browser
	t    *testing.T
	sent int // batches of the load; its producer's alone
}

func newSite(t *testing.T) *site {
	t.Helper()
	t.Parallel()
	s := &site{System: harness.NewSystem(t), Browser: harness.NewBrowser(t), t: t}
	s.Worker("w", 8)
	return s
}

// live opens a page and waits until its numbers come by themselves.
func (s *site) live(path string) {
	s.t.Helper()
	s.Open(s.URL + path)
	s.UntilText("#live", "Live")
}

// load submits that many tasks a second until stop is called, at the latest when the test ends: its context ends with it.
func (s *site) load(perSecond int) (stop func()) {
	const every = 100 * time.Millisecond
	tick, over := time.NewTicker(every), make(chan struct{})
	var producer sync.WaitGroup
	producer.Go(func() {
		defer tick.Stop()
		for ; ; s.sent++ {
			select {
			case <-over:
				return
			case <-tick.C:
				s.Submit(someTasks(s.sent, perSecond/int(time.Second/every))...)
			}
		}
	})
	return func() { close(over); producer.Wait() }
}

// someTasks are n tasks of several types and queues, every tenth of which fails.
func someTasks(batch, n int) []harness.New {
	tasks := make([]harness.New, n)
	for i := range tasks {
		tasks[i] = harness.New{"id": fmt.Sprintf("L%05d-%d", batch, i), "queue": fmt.Sprint("queue-", i%3), "payload": i}
		if i%10 == 9 {
			tasks[i]["type"], tasks[i]["max_attempts"] = "fail", 1
			tasks[i]["payload"] = map[string]any{"times": 9, "error": fmt.Sprintf("dial tcp 10.0.0.%d:5432: refused", batch%250)}
		}
	}
	return tasks
}

// seconds waits until the page's own clock, which shows Redis's, has moved on so many times.
func (s *site) seconds(n int) {
	s.t.Helper()
	const count = `(() => {
	  const clock = document.querySelector('[data-v="chrome:clock"]').textContent;
	  if (window.lastClock !== clock) { window.lastClock = clock; window.moved = (window.moved || 0) + 1; }
	  return window.moved;
	})()`
	first := s.number(count)
	harness.UntilWithin(s.t, time.Duration(n)*time.Second+harness.Patience, fmt.Sprintf("the page's clock has moved on %d times", n), func() error {
		if moved := s.number(count) - first; moved < float64(n) {
			return fmt.Errorf("%v times", moved)
		}
		return nil
	})
}

// number is the value of a JavaScript expression.
func (s *site) number(expression string) float64 { s.t.Helper(); return value[float64](s, expression) }

// text is the value of a JavaScript expression.
func (s *site) text(expression string) string { s.t.Helper(); return value[string](s, expression) }

func value[T any](s *site, expression string) T {
	s.t.Helper()
	v, err := harness.Eval[T](s.Browser, expression)
	if err != nil {
		s.t.Fatalf("in the page: %v", err)
	}
	return v
}

// run runs JavaScript for what it does.
func (s *site) run(statements string) {
	s.t.Helper()
	s.text("(() => { " + statements + "; return '' })()")
}
