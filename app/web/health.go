package web

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"
)

// pingTimeout is how long Redis may take to show that it is there; supervisors ask with time-outs of a few seconds.
const pingTimeout = time.Second

// healthz says that the process lives. It never asks Redis: restarting this process would not heal that.
func (s *Server) healthz(c *fiber.Ctx) error {
	return c.JSON(fiber.Map{"status": "ok", "version": s.cfg.Version})
}

// readyz says whether a request that needs Redis would be served: 200, or 503 with the reason.
func (s *Server) readyz(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(c.UserContext(), pingTimeout)
	defer cancel()
	if err := s.client.Ping(ctx); err != nil {
		c.Set(fiber.HeaderRetryAfter, retryAfter)
		return c.Status(fiber.StatusServiceUnavailable).
			JSON(fiber.Map{"status": "unavailable", "error": "Redis did not answer: " + shorten(err.Error())})
	}
	return c.JSON(fiber.Map{"status": "ok"})
}
