package web

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/xuniquepatel/queue-pilot/app/live"
	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/views"
)

// confirmMany asks before an action on many tasks: those that match the address's filter now, which it notes, or those of
// a selection that was made before.
func (s *Server) confirmMany(c *fiber.Ctx) error {
	ctx, cancel := s.actContext()
	defer cancel()
	if id := c.Query("selection"); id != "" {
		sel, err := s.client.Selection(ctx, id)
		if err != nil {
			return s.bulkRefusal(c, err)
		}
		return s.ask(c, fiber.StatusOK, sel, "")
	}
	f := live.FilterOf(func(name string) string { return c.Query(name) })
	f.After, f.Limit = "", 0
	a := queue.Action(c.Query("action"))
	if a == queue.ActionDelete && f == (queue.Filter{}) {
		return s.errorPage(c, fiber.StatusUnprocessableEntity, "Not accepted", "To delete tasks, choose a state or a filter first.")
	}
	sel, err := s.client.Select(ctx, a, f)
	if err != nil {
		return s.bulkRefusal(c, err)
	}
	return s.ask(c, fiber.StatusOK, sel, "")
}

func (s *Server) ask(c *fiber.Ctx, status int, sel queue.Selection, wrong string) error {
	around := s.hub.Chrome(c.UserContext())
	return render(c, status, views.BulkPage(s.frame(c, "Confirm", "/tasks", around.Chrome, around.Mark), views.NewBulk(sel, wrong)))
}

// pickForm notes the rows that were picked, and leads to the page that asks.
func (s *Server) pickForm(c *fiber.Ctx) error {
	var ids []string
	for _, id := range c.Request().PostArgs().PeekMulti("id") {
		ids = append(ids, string(id))
	}
	if len(ids) == 0 {
		return s.errorPage(c, fiber.StatusUnprocessableEntity, "No task is selected", "Tick the boxes of the tasks that you mean. Nothing was changed.")
	}
	sel, err := s.client.SelectIDs(c.UserContext(), queue.Action(c.FormValue("action")), ids...)
	if err != nil {
		return s.bulkRefusal(c, err)
	}
	return c.Redirect("/confirm?selection="+url.QueryEscape(sel.ID), fiber.StatusSeeOther)
}

// actForm acts on a selection where the count is right, and goes back to the list, which says what was done.
func (s *Server) actForm(c *fiber.Ctx) error {
	ctx, cancel := s.actContext()
	defer cancel()
	sel, err := s.client.Selection(ctx, c.FormValue("selection"))
	if err != nil {
		return s.bulkRefusal(c, err)
	}
	count, err := typedCount(c, "count")
	if err != nil || count != sel.Count {
		return s.ask(c, fiber.StatusUnprocessableEntity, sel, "This is not the number of tasks. Nothing was changed.")
	}
	sel.Acted, err = s.client.Act(ctx, sel.ID, queue.Action(c.FormValue("action")), count)
	if err != nil {
		return s.bulkFailure(c, err, sel)
	}
	list := views.TasksHref(sel.Filter)
	join := "?"
	if strings.Contains(list, "?") {
		join = "&"
	}
	return c.Redirect(list+join+"acted="+url.QueryEscape(sel.ID), fiber.StatusSeeOther)
}

// thousands are the marks that people write into a number.
var thousands = strings.NewReplacer(",", "", " ", "", "\u00a0", "", "\u202f", "", ".", "", "'", "")

// typedCount reads a number of tasks as people write it.
func typedCount(c *fiber.Ctx, field string) (int, error) {
	return strconv.Atoi(thousands.Replace(c.FormValue(field)))
}

// actedNotice is what was done with a selection, in a sentence; empty where nothing is known of it any more.
func (s *Server) actedNotice(ctx context.Context, id string) string {
	sel, err := s.client.Selection(ctx, id)
	if err != nil {
		return ""
	}
	return views.DoneSentence(sel)
}

// bulkFailure tells of an action that was broken off, with the way to go on.
func (s *Server) bulkFailure(c *fiber.Ctx, err error, sel queue.Selection) error {
	var invalid *queue.InvalidError
	switch {
	case errors.As(err, &invalid), queue.IsNoSelection(err):
		return s.bulkRefusal(c, err)
	case errors.Is(err, queue.ErrNotReplicated) && sel.Acted.Left == 0:
		return s.refusalPage(c, err, "")
	}
	s.cfg.Log.Warn("an action on many tasks was broken off", "action", sel.Action, "selection", sel.ID, "left", sel.Acted.Left, "error", err)
	return s.errorPage(c, fiber.StatusServiceUnavailable, "Broken off",
		views.DoneSentence(sel)+" Go back and send the form again to go on where it stopped.")
}

// bulkRefusal tells why tasks cannot be selected, or no longer acted on.
func (s *Server) bulkRefusal(c *fiber.Ctx, err error) error {
	if queue.IsNoSelection(err) {
		return s.errorPage(c, fiber.StatusNotFound, "Select anew",
			"This selection is older than 15 minutes, or it never was. Nothing was changed: go back to the list and select the tasks again.")
	}
	return s.refusalPage(c, err, "")
}
