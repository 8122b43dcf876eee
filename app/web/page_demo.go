package web

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"github.com/gofiber/fiber/v2"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// The demo's tasks: enough to see slots fill and a queue drain, short enough to be over within half a minute.
const (
	demoTasks  = 20
	demoQueue  = "demo"
	demoTag    = "demo"
	demoEchoes = 4   // of them, tasks that take no time
	demoLeast  = 0.3 // seconds that the others take, at least
	demoMost   = 3.0 // and at most
)

// demoForm submits the demo's tasks and leads back to the overview, where they can be seen to run.
func (s *Server) demoForm(c *fiber.Ctx) error {
	answers, err := s.client.Submit(c.UserContext(), newDemo(rand.Float64)...)
	if err != nil {
		return s.refusalPage(c, err, "")
	}
	for _, a := range answers {
		if a.Err != nil {
			return s.refusalPage(c, a.Err, "")
		}
	}
	return c.Redirect("/?done=demo", fiber.StatusSeeOther)
}

// newDemo makes the tasks; random gives numbers in [0, 1).
func newDemo(random func() float64) []queue.Task {
	tasks := make([]queue.Task, demoTasks)
	for i := range tasks {
		t := queue.Task{Type: "sleep", Queue: demoQueue, Tags: []string{demoTag}}
		t.Payload = json.RawMessage(fmt.Sprintf(`{"seconds":%.1f}`, demoLeast+random()*(demoMost-demoLeast)))
		if i < demoEchoes {
			t.Type, t.Payload = "echo", json.RawMessage(fmt.Sprintf(`{"hello":%d}`, i+1))
		}
		tasks[i] = t
	}
	return tasks
}
