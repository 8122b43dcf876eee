package web

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/xuniquepatel/queue-pilot/static"
)

// asset serves the dashboard's own files. Their addresses carry a hash of the content, so a browser may keep them for
// ever; under an old hash, which a page from before an upgrade asks for, the new file is given and not kept.
func (s *Server) asset(c *fiber.Ctx) error {
	f, current, ok := static.Find(c.Params("*"))
	if !ok {
		return fiber.NewError(fiber.StatusNotFound, "There is no such file.")
	}
	c.Set(fiber.HeaderCacheControl, "no-cache")
	if current {
		c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	}
	c.Set(fiber.HeaderContentType, f.Type)
	c.Set(fiber.HeaderVary, fiber.HeaderAcceptEncoding)
	if strings.Contains(c.Get(fiber.HeaderAcceptEncoding), "gzip") {
		c.Set(fiber.HeaderContentEncoding, "gzip")
		return c.Send(f.Gzip)
	}
	return c.Send(f.Body)
}

// favicon is for browsers that ask before they read the page.
func (s *Server) favicon(c *fiber.Ctx) error {
	return c.Redirect(static.URL("img/logo.svg"), fiber.StatusFound)
}
