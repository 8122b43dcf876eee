package web

import (
	"context"
	"errors"
	"net/url"

	"github.com/gofiber/fiber/v2"

	"github.com/xuniquepatel/queue-pilot/app/live"
	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/views"
)

// taskMove is a user's move of one task.
type taskMove func(context.Context, string) (*queue.Task, error)

// moveTask makes the move and goes back to the task's page. rule says from where the move exists.
func (s *Server) moveTask(c *fiber.Ctx, move taskMove, done, rule string) error {
	id := c.Params("id")
	if _, err := s.tryMove(c.UserContext(), id, move); err != nil {
		return s.refusalPage(c, err, rule)
	}
	return c.Redirect("/tasks/"+url.PathEscape(id)+"?done="+done, fiber.StatusSeeOther)
}

// tryMove keeps ids that cannot exist away from Redis.
func (s *Server) tryMove(ctx context.Context, id string, move taskMove) (*queue.Task, error) {
	if !queue.ValidID(id) {
		return nil, queue.ErrNotFound
	}
	return move(ctx, id)
}

func (s *Server) retryForm(c *fiber.Ctx) error {
	return s.moveTask(c, s.client.Redrive, "retried", retryRule)
}

func (s *Server) runForm(c *fiber.Ctx) error {
	return s.moveTask(c, s.client.RunNow, "started", "Only a task that waits for its time can be started early.")
}

// cancelForm says "stopping" where the handler was asked and has not returned yet.
func (s *Server) cancelForm(c *fiber.Ctx) error {
	id, done := c.Params("id"), "canceled"
	t, err := s.tryMove(c.UserContext(), id, s.client.Cancel)
	if err != nil {
		return s.refusalPage(c, err, cancelRule)
	}
	if !t.State.Final() {
		done = "stopping"
	}
	return c.Redirect("/tasks/"+url.PathEscape(id)+"?done="+done, fiber.StatusSeeOther)
}

func (s *Server) deleteForm(c *fiber.Ctx) error {
	remove := func(ctx context.Context, id string) (*queue.Task, error) { return nil, s.client.Delete(ctx, id) }
	if _, err := s.tryMove(c.UserContext(), c.Params("id"), remove); err != nil {
		return s.refusalPage(c, err, deleteRule)
	}
	return c.Redirect("/tasks?done=deleted", fiber.StatusSeeOther)
}

// refusalPage says why a move was not made, or could be lost yet.
func (s *Server) refusalPage(c *fiber.Ctx, err error, rule string) error {
	var invalid *queue.InvalidError
	switch {
	case errors.As(err, &invalid):
		return s.errorPage(c, fiber.StatusUnprocessableEntity, "Not accepted", invalid.Error()+".")
	case errors.Is(err, queue.ErrNotFound):
		return s.errorPage(c, fiber.StatusNotFound, "No such task", "It never was, or it is kept no longer.")
	case errors.Is(err, queue.ErrState):
		return s.errorPage(c, fiber.StatusConflict, "Nothing was changed", rule+" It may have moved on since you looked.")
	case errors.Is(err, queue.ErrNotReplicated):
		s.cfg.Log.Warn("replicas did not confirm a move", "path", c.Path(), "error", err)
		return s.errorPage(c, fiber.StatusServiceUnavailable, "Done, but not confirmed", movedUnconfirmed)
	}
	return s.awayPage(c, err)
}

// movedUnconfirmed is what people are told of a move that could be lost yet.
const movedUnconfirmed = "Redis made the change, but not enough replicas confirmed it in time: a failover now could undo it. " +
	"Look again in a few seconds."

func (s *Server) confirmRetry(c *fiber.Ctx) error {
	return s.confirm(c, queue.ActionRetry, retryRule, views.ConfirmRetry)
}

func (s *Server) confirmCancel(c *fiber.Ctx) error {
	return s.confirm(c, queue.ActionCancel, cancelRule, views.ConfirmCancel)
}

func (s *Server) confirmDelete(c *fiber.Ctx) error {
	return s.confirm(c, queue.ActionDelete, deleteRule, views.ConfirmDelete)
}

// From where a task can be moved, in words.
const (
	retryRule  = "Only a failed, canceled or retrying task can be tried again."
	cancelRule = "A task that ended cannot be canceled."
	deleteRule = "A task that runs cannot be deleted: cancel it first."
)

// confirm asks before an action is made on a task, with what is known of it now, and refuses one that does not exist from
// there.
func (s *Server) confirm(c *fiber.Ctx, action queue.Action, rule string, ask func(*queue.Task) views.Confirm) error {
	t, err := s.tryMove(c.UserContext(), c.Params("id"), s.client.Get)
	if err == nil && !action.Takes(t.State) {
		err = queue.ErrState
	}
	if err != nil {
		return s.refusalPage(c, err, rule)
	}
	around := s.hub.Chrome(c.UserContext())
	v := live.View[views.Confirm]{Model: ask(t), Chrome: around.Chrome, Mark: around.Mark, Known: true}
	return show(s, c, v, nil, "Confirm", "/tasks", views.ConfirmPage)
}
