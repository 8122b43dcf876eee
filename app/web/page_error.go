package web

import (
	"fmt"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/views"
)

// errorPage answers with a page that says what went wrong. Where the store is away it has the last known numbers, and
// loads anew when the store is back.
func (s *Server) errorPage(c *fiber.Ctx, status int, title, sentence string) error {
	m := views.Fault{Status: strconv.Itoa(status), Title: title, Sentence: sentence}
	if status == fiber.StatusServiceUnavailable {
		c.Set(fiber.HeaderRetryAfter, retryAfter)
		m.Retry = c.Method() == fiber.MethodGet // loading a POST anew would send it again
		if snap, _, _ := s.hub.Snapshot(); snap != nil {
			m.Known, m.At, m.ISO = lastKnown(snap), views.Clock(snap.At.Time), views.ISO(snap.At.Time)
		}
	}
	around := s.hub.Chrome(c.UserContext())
	return render(c, status, views.FaultPage(s.frame(c, title, "", around.Chrome, around.Mark), m))
}

// lastKnown says in a sentence how things stood.
func lastKnown(snap *monitor.Snapshot) string {
	t := snap.Totals
	return fmt.Sprintf("At last %s waited, %s ran on %s, %s had failed.", views.Plural(t.Pending+t.Assigned, "task"),
		views.Count(t.Running), views.Plural(int64(t.Workers), "worker"), views.Count(t.Failed))
}
