package web

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/views"
)

// confirmRetry asks before a task runs again, for those who press a key and may have missed the row.
func (s *Server) confirmRetry(c *fiber.Ctx) error {
	t, err := s.tryMove(c.UserContext(), c.Params("id"), s.client.Get)
	if err != nil {
		return s.refusalPage(c, err, "")
	}
	if !slices.Contains([]queue.State{queue.Failed, queue.Canceled, queue.Retry}, t.State) {
		return s.refusalPage(c, queue.ErrState, retryRule)
	}
	return s.confirm(c, views.ConfirmRetry)
}

// retryRule says from where a task can be retried.
const retryRule = "Only a failed, canceled or retrying task can be tried again."
