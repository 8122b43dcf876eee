package web

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/xuniquepatel/queue-pilot/views"
)

// componentsPage shows each component in every state, to those who change them. Nothing on it is live or real.
func (s *Server) componentsPage(c *fiber.Ctx) error {
	page := s.frame(c, "Components", "", s.hub.Chrome(c.UserContext()).Chrome, views.Mark{})
	page.Live = ""
	return render(c, fiber.StatusOK, views.ComponentsPage(page, views.NewComponents(time.Now())))
}
