package web

import (
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/cors"
)

// allowOrigins lets the configured origins' pages read answers, without cookies. The caller installs it only where
// there are any: Fiber's middleware takes an empty list for "*".
func (s *Server) allowOrigins() fiber.Handler {
	return cors.New(cors.Config{
		AllowOrigins:  strings.Join(s.cfg.CORSOrigins, ","),
		AllowMethods:  "GET,HEAD,POST,PUT,PATCH,DELETE",
		AllowHeaders:  "Content-Type",
		ExposeHeaders: "Link,Location,Retry-After",
		MaxAge:        600, // seconds; a removed origin is out after ten minutes at most
	})
}

// refuseForeignWrites stops other sites' pages from changing anything in a visitor's name. A missing Origin is a
// program and no page: every browser sends one with a cross-site write.
func (s *Server) refuseForeignWrites(c *fiber.Ctx) error {
	switch c.Method() {
	case fiber.MethodPost, fiber.MethodPut, fiber.MethodPatch, fiber.MethodDelete:
	default:
		return c.Next()
	}
	origin := c.Get(fiber.HeaderOrigin)
	if origin == "" || sameHost(origin, c.Hostname()) || s.trusts(origin) {
		return c.Next()
	}
	return fiber.NewError(fiber.StatusForbidden, "Origin is "+shorten(origin)+
		"; wanted: this server's own, or one that it was told by --cors-origins.")
}

// sameHost compares hosts and ports, not schemes: a proxy in front may have ended TLS.
func sameHost(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, host)
}

func (s *Server) trusts(origin string) bool {
	for _, o := range s.cfg.CORSOrigins {
		if strings.EqualFold(strings.TrimSuffix(o, "/"), origin) {
			return true
		}
	}
	return false
}

// ValidOrigin reports whether s names an origin as browsers send it: a scheme, a host, perhaps a port, no more.
func ValidOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !strings.ContainsAny(u.Host, "*,") &&
		s == u.Scheme+"://"+u.Host
}
