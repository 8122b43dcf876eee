package chaos

import (
	"fmt"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
)

// crew is a number of workers of which each that ends is replaced, as a supervisor does.
type crew struct {
	s       *site
	slots   int
	args    []string
	workers []*harness.Process
	hired   int
}

// crew starts n workers with slots each.
func (s *site) crew(n, slots int, args ...string) *crew {
	c := &crew{s: s, slots: slots, args: args}
	for range n {
		c.workers = append(c.workers, c.hire())
	}
	return c
}

func (c *crew) hire() *harness.Process {
	c.hired++
	return c.s.worker(fmt.Sprintf("w%d", c.hired), c.slots, c.args...)
}

// killOne kills a worker drawn at random and starts another one.
func (c *crew) killOne() {
	i := c.s.f.intn(len(c.workers))
	c.s.kill(c.workers[i])
	c.workers[i] = c.hire()
}

// restart stops worker i in order, SIGTERM, and starts another one.
func (c *crew) restart(i int) {
	if code := c.workers[i].Stop(); code != 0 {
		c.s.f.Errorf("%s ended with code %d after SIGTERM; want 0", c.workers[i].Name, code)
	}
	c.workers[i] = c.hire()
}

// replaceDead starts another worker for each that has ended by itself, and returns how many those were.
func (c *crew) replaceDead() int {
	n := 0
	for i, w := range c.workers {
		select {
		case <-w.Done():
			c.workers[i] = c.hire()
			n++
		default:
		}
	}
	return n
}
