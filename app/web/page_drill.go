package web

import (
	"errors"
	"slices"

	"github.com/gofiber/fiber/v2"

	"github.com/xuniquepatel/queue-pilot/app/live"
	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/views"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// What people are told where a worker does not stop for a drill.
const (
	drillsOff   = "Drills are off: this server was started without --drills. Nothing was changed."
	drillRefuse = "This worker was started without --drills, so it stops for no drill. Nothing was changed."
	drillRule   = "Only a worker that is ready stops for a drill, and for one only."
)

// registerDrills routes the pages of drills.
func (s *Server) registerDrills(r fiber.Router, guard fiber.Handler) {
	r.Get("/workers/:id/drill", guard, s.whereDrills, s.confirmDrill)
	r.Post("/workers/:id/drill", guard, s.whereDrills, s.drillForm)
	r.Get("/drills/:id", guard, s.whereDrills, s.drillPage)
}

// whereDrills lets nobody pass where drills are off.
func (s *Server) whereDrills(c *fiber.Ctx) error {
	if !s.cfg.Drills {
		return s.errorPage(c, fiber.StatusForbidden, "Drills are off", drillsOff)
	}
	return c.Next()
}

// confirmDrill asks before a worker is stopped, with what it holds now.
func (s *Server) confirmDrill(c *fiber.Ctx) error {
	snap, err := s.snapshots.get(c.UserContext(), struct{}{})
	if err != nil {
		return s.awayPage(c, err)
	}
	at := slices.IndexFunc(snap.Workers, func(w queue.Worker) bool { return w.ID == c.Params("id") })
	if at < 0 {
		return s.noWorkerPage(c)
	}
	switch w := snap.Workers[at]; {
	case w.State != queue.WorkerReady || w.Drill != "":
		return s.drillRefusal(c, queue.ErrState)
	case !w.Drills:
		return s.drillRefusal(c, queue.ErrNoDrills)
	default:
		around := s.hub.Chrome(c.UserContext())
		v := live.View[views.Confirm]{Model: views.ConfirmDrill(w), Chrome: around.Chrome, Mark: around.Mark, Known: true}
		return show(s, c, v, nil, "Confirm", "/workers", views.ConfirmPage)
	}
}

// drillForm has the worker stop, and leads to the report.
func (s *Server) drillForm(c *fiber.Ctx) error {
	id := c.Params("id")
	if !queue.ValidID(id) {
		return s.noWorkerPage(c)
	}
	d, err := workers.Drill(c.UserContext(), s.client, id)
	if err != nil {
		return s.drillRefusal(c, err)
	}
	return c.Redirect(views.DrillHref(d.ID), fiber.StatusSeeOther)
}

func (s *Server) drillRefusal(c *fiber.Ctx, err error) error {
	switch {
	case errors.Is(err, queue.ErrNotFound):
		return s.noWorkerPage(c)
	case errors.Is(err, queue.ErrNoDrills):
		return s.errorPage(c, fiber.StatusForbidden, "It stops for no drill", drillRefuse)
	}
	return s.refusalPage(c, err, drillRule)
}

func (s *Server) drillPage(c *fiber.Ctx) error {
	v, err := s.hub.Drill(c.UserContext(), c.Params("id"))
	if errors.Is(err, queue.ErrNotFound) {
		return s.errorPage(c, fiber.StatusNotFound, "No such drill", "It never was, or it was more than a day ago.")
	}
	return show(s, c, v, err, "Drill of worker "+v.Model.Worker, "/workers", views.DrillReportPage)
}
