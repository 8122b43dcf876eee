package web

import (
	"context"
	"errors"
	"fmt"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/xuniquepatel/queue-pilot/app/live"
	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/views"
)

// registerPages routes what people see: pages by GET, which change nothing, and their forms by POST, which answer
// with a redirect, so that all of it works without scripts.
func (s *Server) registerPages(r fiber.Router) {
	guard := csrfGuard()
	r.Get("/static/*", s.asset)
	r.Get("/favicon.ico", s.favicon)
	if s.cfg.Dev {
		r.Get("/dev/components", guard, s.componentsPage)
	}
	r.Get("/", guard, s.overviewPage)
	r.Get("/tasks", guard, s.tasksPage)
	r.Get("/tasks/:id", guard, s.taskPage)
	r.Get("/tasks/:id/cancel", guard, s.confirmCancel)
	r.Get("/tasks/:id/delete", guard, s.confirmDelete)
	s.registerFailed(r, guard)
	r.Get("/tasks/:id/retry", guard, s.confirmRetry)
	r.Get("/confirm", guard, s.confirmMany)
	r.Post("/tasks/actions", guard, s.actForm)
	r.Post("/tasks/select", guard, s.pickForm)
	r.Get("/queues", guard, s.queuesPage)
	r.Get("/queues/:q", guard, s.queuePage)
	r.Get("/workers", guard, s.workersPage)
	r.Get("/workers/:id", guard, s.workerPage)
	r.Get("/workers/:id/drain", guard, s.confirmDrain)
	r.Post("/workers/:id/drain", guard, s.drainForm)
	s.registerDrills(r, guard)
	s.registerExports(r)
	r.Get("/submit", guard, s.submitPage)
	r.Post("/submit", guard, s.submitForm)
	r.Post("/demo", guard, s.demoForm)
	r.Post("/tasks/:id/cancel", guard, s.cancelForm)
	r.Post("/tasks/:id/retry", guard, s.retryForm)
	r.Post("/tasks/:id/run", guard, s.runForm)
	r.Post("/tasks/:id/delete", guard, s.deleteForm)
	r.Post("/queues/:q/pause", guard, s.pauseForm)
	r.Post("/queues/:q/resume", guard, s.resumeForm)
}

// frame fills what stands around a page.
func (s *Server) frame(c *fiber.Ctx, title, path string, chrome views.Chrome, mark views.Mark) views.Page {
	return views.Page{
		Title: title, Path: path, Chrome: chrome, Live: mark.JSON(), CSRF: csrfToken(c), Notice: s.notice(c),
		Build: s.cfg.Version, Store: s.cfg.StoreNote(), Assets: views.CurrentAssets(),
		Environment: views.NewEnvironment(s.cfg.Environment),
	}
}

// notice says what the action before a page did.
func (s *Server) notice(c *fiber.Ctx) string {
	if id := c.Query("acted"); id != "" {
		return s.actedNotice(c.UserContext(), id)
	}
	return notices[c.Query("done")]
}

// notices are what the action before a page did, by the word in its address. Nothing but these words can be shown.
var notices = map[string]string{
	"submitted":   "Submitted.",
	"existed":     "The same task was submitted before: here it is.",
	"canceled":    "Canceled.",
	"stopping":    "Asked to stop: its handler has not returned yet.",
	"retried":     "Waits to run again.",
	"started":     "Waits for a free slot now.",
	"deleted":     "The task was deleted.",
	"paused":      "Paused: what runs goes on, nothing new starts.",
	"redriving":   "The retry began: one task runs first.",
	"redrivestop": "Asked to stop: nothing more is touched, and what runs again goes on.",
	"resumed":     "Resumed.",
	"draining":    "Drains: it finishes what it runs, and leaves.",
	"demo":        "Submitted 20 demo tasks to the queue demo.",
}

// render answers with a page. Pages carry the viewer's own token, so nobody may keep them.
func render(c *fiber.Ctx, status int, page templ.Component) error {
	c.Status(status).Type("html", "utf-8")
	c.Set(fiber.HeaderCacheControl, "no-store")
	if err := page.Render(c.UserContext(), c.Response().BodyWriter()); err != nil {
		return fmt.Errorf("render %s: %w", c.Path(), err)
	}
	return nil
}

// show answers with a page of the hub: in full where all is fresh, with 503 and the last known content where the
// store is away, with the error's own page where there is no content.
func show[M any](s *Server, c *fiber.Ctx, v live.View[M], err error, title, path string,
	page func(views.Page, M) templ.Component,
) error {
	var invalid *queue.InvalidError
	switch {
	case err == nil:
		return render(c, fiber.StatusOK, page(s.frame(c, title, path, v.Chrome, v.Mark), v.Model))
	case errors.As(err, &invalid):
		return s.errorPage(c, fiber.StatusUnprocessableEntity, "This cannot be listed", invalid.Error()+".")
	case errors.Is(err, queue.ErrNotFound):
		return s.errorPage(c, fiber.StatusNotFound, "No such task", "It never was, or it is kept no longer.")
	case v.Known:
		c.Set(fiber.HeaderRetryAfter, retryAfter)
		return render(c, fiber.StatusServiceUnavailable, page(s.frame(c, title, path, v.Chrome, v.Mark), v.Model))
	}
	return s.awayPage(c, err)
}

func (s *Server) overviewPage(c *fiber.Ctx) error {
	span, err := spanOf(c)
	if err != nil {
		return show(s, c, live.View[views.Overview]{}, err, "Overview", "/", views.OverviewPage)
	}
	v, err := s.hub.Overview(c.UserContext(), span)
	if c.Query("chart") == "table" {
		v.Model.Table = views.NewPointTable(v.Model.Chart)
	}
	return show(s, c, v, err, "Overview", "/", views.OverviewPage)
}

func (s *Server) queuesPage(c *fiber.Ctx) error {
	v, err := s.hub.Queues(c.UserContext())
	return show(s, c, v, err, "Queues", "/queues", views.QueuesPage)
}

func (s *Server) workersPage(c *fiber.Ctx) error {
	v, err := s.hub.Workers(c.UserContext())
	return show(s, c, v, err, "Workers", "/workers", views.WorkersPage)
}

func (s *Server) tasksPage(c *fiber.Ctx) error {
	f := live.FilterOf(func(name string) string { return c.Query(name) })
	if err := checkFilter(f); err != nil {
		return show(s, c, live.View[views.Tasks]{}, err, "Tasks", "/tasks", views.TasksPage)
	}
	v, err := s.hub.Tasks(c.UserContext(), f)
	return show(s, c, v, err, "Tasks", "/tasks", views.TasksPage)
}

// checkFilter refuses what no task can have, with the same words as the API.
func checkFilter(f queue.Filter) error {
	switch {
	case f.State != "" && !f.State.Valid():
		return &queue.InvalidError{Field: "state", Value: fmt.Sprintf("%q", shorten(string(f.State))), Want: "one of the states"}
	case f.Queue != "" && !queue.ValidName(f.Queue):
		return &queue.InvalidError{Field: "queue", Value: fmt.Sprintf("%q", shorten(f.Queue)), Want: queue.NameRule}
	case f.Type != "" && !queue.ValidName(f.Type):
		return &queue.InvalidError{Field: "type", Value: fmt.Sprintf("%q", shorten(f.Type)), Want: queue.NameRule}
	case len(f.Worker) > 200 || len(f.Q) > 200:
		return &queue.InvalidError{Field: "filter", Value: "longer than 200 bytes", Want: "at most 200 bytes"}
	}
	return nil
}

func (s *Server) taskPage(c *fiber.Ctx) error {
	id := c.Params("id")
	if !queue.ValidID(id) {
		return show(s, c, live.View[views.Task]{}, queue.ErrNotFound, "", "", views.TaskPage)
	}
	v, err := s.hub.Task(c.UserContext(), id)
	return show(s, c, v, err, "Task "+id, "/tasks", views.TaskPage)
}

// awayPage tells that the store did not answer, with the last known numbers and their time.
func (s *Server) awayPage(c *fiber.Ctx, err error) error {
	if !errors.Is(err, context.Canceled) {
		s.cfg.Log.Warn("redis did not answer a page", "path", c.Path(), "error", err)
	}
	told := awayForPages
	if c.Method() == fiber.MethodPost {
		told = awayForMoves
	}
	title, sentence := "Redis is away", tell(err, told)
	if sentence != told {
		title = "Redis did not take it"
	}
	return s.errorPage(c, fiber.StatusServiceUnavailable, title, sentence)
}

// What people are told when Redis did not answer: to who looked, to who asked for something, and to who sent the form.
const (
	awayForPages = "The server cannot reach Redis. Nothing was changed."
	awayForMoves = "The server cannot reach Redis. What you asked for may or may not have been done: look again when it is back."
	awayForForm  = "The server cannot reach Redis, so the task may or may not have been taken. Send it again: with this id " +
		"nothing is doubled."
)
