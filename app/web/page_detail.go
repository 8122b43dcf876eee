package web

import (
	"context"
	"errors"
	"slices"

	"github.com/gofiber/fiber/v2"

	"github.com/xuniquepatel/queue-pilot/app/live"
	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/views"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// The pages of one queue and of one worker, and what is done there.

func (s *Server) queuePage(c *fiber.Ctx) error {
	name, err := c.Params("q"), queue.ErrNotFound
	var v live.View[views.QueueDetail]
	if queue.ValidName(name) {
		v, err = s.hub.Queue(c.UserContext(), name)
	}
	if errors.Is(err, queue.ErrNotFound) {
		return s.errorPage(c, fiber.StatusNotFound, "No such queue", "No task was ever submitted to it.")
	}
	return show(s, c, v, err, "Queue "+name, "/queues", views.QueuePage)
}

func (s *Server) workerPage(c *fiber.Ctx) error {
	id, err := c.Params("id"), queue.ErrNotFound
	var v live.View[views.WorkerDetail]
	if queue.ValidID(id) {
		v, err = s.hub.Worker(c.UserContext(), id)
	}
	if errors.Is(err, queue.ErrNotFound) {
		return s.noWorkerPage(c)
	}
	return show(s, c, v, err, "Worker "+id, "/workers", views.WorkerPage)
}

func (s *Server) noWorkerPage(c *fiber.Ctx) error {
	return s.errorPage(c, fiber.StatusNotFound, "No such worker", "It never was, or it ended more than an hour ago.")
}

// confirmDrain asks before a worker is told to leave, with what it holds now.
func (s *Server) confirmDrain(c *fiber.Ctx) error {
	snap, err := s.snapshots.get(c.UserContext(), struct{}{})
	if err != nil {
		return s.awayPage(c, err)
	}
	at := slices.IndexFunc(snap.Workers, func(w queue.Worker) bool { return w.ID == c.Params("id") })
	if at < 0 {
		return s.noWorkerPage(c)
	}
	switch w := snap.Workers[at]; w.State {
	case queue.WorkerReady, queue.WorkerStarting:
		around := s.hub.Chrome(c.UserContext())
		v := live.View[views.Confirm]{Model: views.ConfirmDrain(w), Chrome: around.Chrome, Mark: around.Mark, Known: true}
		return show(s, c, v, nil, "Confirm", "/workers", views.ConfirmPage)
	case queue.WorkerDraining:
		return s.refusalPage(c, queue.ErrState, "This worker is draining already.")
	}
	return s.refusalPage(c, queue.ErrState, notLive)
}

const notLive = "Only a live worker can be drained."

func (s *Server) drainForm(c *fiber.Ctx) error {
	id := c.Params("id")
	if !queue.ValidID(id) {
		return s.noWorkerPage(c)
	}
	switch err := workers.Drain(c.UserContext(), s.client, id); {
	case errors.Is(err, queue.ErrNotFound):
		return s.noWorkerPage(c)
	case err != nil:
		return s.refusalPage(c, err, notLive)
	}
	return c.Redirect(views.WorkerHref(id)+"?done=draining", fiber.StatusSeeOther)
}

func (s *Server) pauseForm(c *fiber.Ctx) error  { return s.setQueue(c, s.client.Pause, "paused") }
func (s *Server) resumeForm(c *fiber.Ctx) error { return s.setQueue(c, s.client.Resume, "resumed") }

// setQueue pauses or resumes, and goes back to the page that the form was on.
func (s *Server) setQueue(c *fiber.Ctx, set func(context.Context, string) error, done string) error {
	name, back := c.Params("q"), "/queues"
	if err := set(c.UserContext(), name); err != nil {
		return s.refusalPage(c, err, "")
	}
	if c.FormValue("from") == "queue" {
		back = views.QueueHref(name)
	}
	return c.Redirect(back+"?done="+done, fiber.StatusSeeOther)
}
