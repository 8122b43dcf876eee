package web

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// contentPolicy lets pages load their own scripts, styles and images, and nothing else.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func setSecurityHeaders(c *fiber.Ctx) {
	c.Set(fiber.HeaderContentSecurityPolicy, contentPolicy)
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	// Not "no-referrer": with it browsers send Origin: null with our own forms, which refuseForeignWrites refuses.
	c.Set(fiber.HeaderReferrerPolicy, "same-origin")
	c.Set("Cross-Origin-Opener-Policy", "same-origin")
}

func (s *Server) secure(c *fiber.Ctx) error {
	setSecurityHeaders(c)
	return c.Next()
}

// logRequest writes a debug line for each request. It answers errors itself, so that the line knows the status.
func (s *Server) logRequest(c *fiber.Ctx) error {
	start := time.Now()
	if err := c.Next(); err != nil {
		if err = s.answerError(c, err); err != nil {
			return err
		}
	}
	s.cfg.Log.Debug("request", "method", c.Method(), "path", c.Path(), "status", c.Response().StatusCode(),
		"took", time.Since(start), "from", c.IP())
	return nil
}

// recoverPanic turns a panic into a plain 500: its text is for the log, never for the client.
func (s *Server) recoverPanic(c *fiber.Ctx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.cfg.Log.Error("request panicked", "method", c.Method(), "path", c.Path(), "panic", p,
				"stack", string(debug.Stack()))
			err = fiber.ErrInternalServerError
		}
	}()
	return c.Next()
}

// limitTime gives the handler's work in Redis a deadline, and the answer to its error, too. fasthttp does not tell when
// a client leaves.
func (s *Server) limitTime(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	c.SetUserContext(ctx)
	return c.Next()
}

// limitURL refuses addresses that are too long for any page or question of ours.
func limitURL(c *fiber.Ctx) error {
	if len(c.Request().RequestURI()) > urlLimit {
		return fiber.NewError(fiber.StatusRequestURITooLong, "The address is longer than 4,096 bytes.")
	}
	return c.Next()
}

// refuseRepeats refuses a question with the same parameter twice: one of the two would be dropped without a word.
func refuseRepeats(c *fiber.Ctx) error {
	seen := map[string]bool{}
	var twice string
	for name := range c.Context().QueryArgs().All() {
		if seen[string(name)] {
			twice = string(name)
		}
		seen[string(name)] = true
	}
	if twice != "" {
		p := invalidProblem(&queue.InvalidError{Field: shorten(twice), Value: "given twice", Want: "one value"}, "query.")
		return c.Status(p.Status).JSON(p, problemType)
	}
	return c.Next()
}

// refuseEncodings keeps compressed bodies out: a megabyte of gzip can become a gigabyte of memory.
func refuseEncodings(c *fiber.Ctx) error {
	if enc := c.Get(fiber.HeaderContentEncoding); enc != "" && enc != "identity" {
		return fiber.NewError(fiber.StatusUnsupportedMediaType,
			"Content-Encoding is "+shorten(enc)+"; wanted: the body as it is, not compressed.")
	}
	return c.Next()
}
