package web

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"github.com/xuniquepatel/queue-pilot/app/live"
	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/views"
)

// registerFailed routes the pages of failed tasks by group, and the forms of their redrives.
func (s *Server) registerFailed(r fiber.Router, guard fiber.Handler) {
	r.Get("/failed", guard, s.failedPage)
	r.Get("/failed/:group", guard, s.failurePage)
	r.Get("/failed/:group/redrive", guard, s.askRedrive)
	r.Post("/failed/:group/redrive", guard, s.redriveForm)
	r.Post("/failed/:group/stop", guard, s.stopRedriveForm)
}

func (s *Server) failedPage(c *fiber.Ctx) error {
	f := queue.Filter{Queue: c.Query("queue"), Type: c.Query("type")}
	if err := checkFilter(f); err != nil {
		return show(s, c, live.View[views.Failed]{}, err, "Failed", "/failed", views.FailedPage)
	}
	v, err := s.hub.Failed(c.UserContext(), f.Queue, f.Type)
	return show(s, c, v, err, "Failed", "/failed", views.FailedPage)
}

func (s *Server) failurePage(c *fiber.Ctx) error {
	id := c.Params("group")
	if !queue.ValidGroup(id) {
		return s.noGroup(c)
	}
	v, err := s.hub.FailureGroup(c.UserContext(), id)
	if errors.Is(err, queue.ErrNotFound) {
		return s.noGroup(c)
	}
	return show(s, c, v, err, "Failed: "+v.Model.Text, "/failed", views.FailureGroupPage)
}

func (s *Server) noGroup(c *fiber.Ctx) error {
	return s.errorPage(c, fiber.StatusNotFound, "No such group", "No failed task has this error now.")
}

// askRedrive asks before a group is redriven. It counts anew: what it names is what will be touched.
func (s *Server) askRedrive(c *fiber.Ctx) error {
	ask, err := s.countGroup(c, 0)
	if err != nil {
		return s.redriveRefusal(c, err)
	}
	return s.showAsk(c, fiber.StatusOK, ask)
}

// countGroup counts the group of c's path: what failed until then, in ms; 0 for now.
func (s *Server) countGroup(c *fiber.Ctx, until int64) (views.RedriveAsk, error) {
	failures, err := s.client.Failures(c.UserContext(), until, nil)
	if err != nil {
		return views.RedriveAsk{}, err
	}
	g := failures.Find(c.Params("group"))
	if g == nil {
		return views.RedriveAsk{}, queue.ErrNotFound
	}
	return views.NewRedriveAsk(g, failures.Until), nil
}

func (s *Server) showAsk(c *fiber.Ctx, status int, ask views.RedriveAsk) error {
	around := s.hub.Chrome(c.UserContext())
	return render(c, status, views.RedriveAskPage(s.frame(c, "Confirm", "/failed", around.Chrome, around.Mark), ask))
}

// redriveForm begins the redrive of what was counted when the page asked.
func (s *Server) redriveForm(c *fiber.Ctx) error {
	count, _ := strconv.Atoi(c.FormValue("count"))
	until, err := strconv.ParseInt(c.FormValue("until"), 10, 64)
	if err != nil || until < 1 || until > queue.LastMoment || count < 1 {
		return s.errorPage(c, fiber.StatusUnprocessableEntity, "Not accepted", "The form is not complete. Nothing was changed.")
	}
	if typed, err := typedCount(c, "typed"); views.NeedsTyping(count) && (err != nil || typed != count) {
		ask, err := s.countGroup(c, until)
		if err != nil {
			return s.redriveRefusal(c, err)
		}
		ask.Wrong = "Type the number as it stands here. Nothing was changed."
		return s.showAsk(c, fiber.StatusUnprocessableEntity, ask)
	}
	if _, err := s.client.StartRedrive(c.UserContext(), c.Params("group"), count, until); err != nil {
		return s.redriveRefusal(c, err)
	}
	return c.Redirect("/failed/"+c.Params("group")+"?done=redriving", fiber.StatusSeeOther)
}

func (s *Server) stopRedriveForm(c *fiber.Ctx) error {
	if _, err := s.client.StopRedrive(c.UserContext(), c.FormValue("redrive")); err != nil {
		return s.redriveRefusal(c, err)
	}
	return c.Redirect("/failed/"+c.Params("group")+"?done=redrivestop", fiber.StatusSeeOther)
}

// redriveRefusal says why a redrive was not begun or stopped.
func (s *Server) redriveRefusal(c *fiber.Ctx, err error) error {
	var count *queue.CountError
	switch {
	case errors.As(err, &count):
		return s.errorPage(c, fiber.StatusConflict, "Nothing was changed", fmt.Sprintf(
			"When you were asked, %d tasks of this group were counted; of those %d are failed now. Look again.", count.Given, count.Count))
	case errors.Is(err, queue.ErrRedriving):
		return s.errorPage(c, fiber.StatusConflict, "Nothing was changed", "A retry of this group is under way already.")
	case errors.Is(err, queue.ErrNotFound):
		return s.noGroup(c)
	}
	return s.refusalPage(c, err, "This retry has ended.")
}
