package web

import (
	"net"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// refuseForeignHosts answers nobody who calls a server on this machine alone by a name of another site: a page could
// point its own name at 127.0.0.1 and pass for the same origin (DNS rebinding). Addresses and localhost are no such
// names; a proxy's name is told by --cors-origins.
func (s *Server) refuseForeignHosts(c *fiber.Ctx) error {
	if !s.loopbackOnly() || s.knowsHost(c.Hostname()) {
		return c.Next()
	}
	return fiber.NewError(fiber.StatusForbidden, "Host is "+shorten(c.Hostname())+"; this server listens on this machine "+
		"alone, and answers to its address, localhost, and the hosts of --cors-origins.")
}

func (s *Server) loopbackOnly() bool {
	if s.ln == nil {
		return false
	}
	tcp, ok := s.ln.Addr().(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

func (s *Server) knowsHost(hostPort string) bool {
	host := hostOnly(hostPort)
	if host == "" || net.ParseIP(host) != nil || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	if strings.EqualFold(host, hostOnly(s.cfg.Addr)) {
		return true
	}
	for _, origin := range s.cfg.CORSOrigins {
		if u, err := url.Parse(origin); err == nil && strings.EqualFold(u.Hostname(), host) {
			return true
		}
	}
	return false
}

// hostOnly drops the port and the brackets of an IPv6 address.
func hostOnly(hostPort string) string {
	if host, _, err := net.SplitHostPort(hostPort); err == nil {
		return strings.ToLower(host)
	}
	return strings.ToLower(strings.Trim(hostPort, "[]"))
}
