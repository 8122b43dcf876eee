package web

import (
	"errors"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb"
)

// retryAfter is the Retry-After of a 503, in seconds: Redis failovers end within a few.
const retryAfter = "2"

// What clients are told when Redis did not answer. The cause goes to the log: it may name hosts.
const (
	awaySentence = "Redis did not answer. Try again in a few seconds."
	awayMove     = "Redis did not answer, so what you asked for may or may not have been done. Look again in a few seconds."
	awaySubmit   = "Redis did not answer, so what was sent may or may not have been taken. Send it again in a few seconds: " +
		"with the same ids nothing is doubled."
	unconfirmed = "Redis took it, but not enough replicas confirmed it in time, so a failover now could lose it. Sending it again " +
		"with the same id is safe: nothing is doubled, and the answer says whether it is confirmed."
)

// What clients are told when Redis answered, and refused. An earlier try of the same request may have come through, and
// of many tasks some: for a submit sameIDs follows.
const (
	fullSentence    = "Redis is out of memory, so it takes nothing new. Free some, or raise its maxmemory, and try again."
	refusedSentence = "Redis takes nothing at this moment: it is a replica, loads its data, or its Cluster is down. Try again in a few seconds."
	sameIDs         = " With the same ids nothing is doubled."
)

// again is what to know before trying again what told is about.
func again(told string) string {
	if told == awaySubmit || told == awayForForm {
		return sameIDs
	}
	return ""
}

// tell chooses the sentence for err: told, but for what was done and not confirmed, and for what Redis refused.
func tell(err error, told string) string {
	switch {
	case errors.Is(err, queue.ErrNotReplicated):
		return unconfirmed
	case redis.IsOOMError(err):
		return fullSentence + again(told)
	case redisdb.Refused(err):
		return refusedSentence + again(told)
	}
	return told
}

// sentence is an error whose text goes to the client as it stands, with status 400.
type sentence string

func (s sentence) Error() string { return string(s) }

// problem is an RFC 9457 problem as the API writes it, for those that do not come from huma.
type problem struct {
	Title  string              `json:"title"`
	Status int                 `json:"status"`
	Detail string              `json:"detail"`
	Holder string              `json:"holder,omitempty"` // the id of the task that is in the way
	Count  *int                `json:"count,omitempty"`  // how many tasks it is, where the count did not match
	Errors []*huma.ErrorDetail `json:"errors,omitempty"`
}

// Error is the problem's sentence.
func (p *problem) Error() string { return p.Detail }

// GetStatus makes huma answer with the problem's own status.
func (p *problem) GetStatus() int { return p.Status }

// ContentType makes huma answer with the media type of problems.
func (p *problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// answerError writes err in the shape of the endpoint that it came from: {"error"} at the kept endpoints, a page for
// browsers, a problem for all else.
func (s *Server) answerError(c *fiber.Ctx, err error) error {
	status, sentence := describe(c, err)
	if status >= fiber.StatusInternalServerError && status != fiber.StatusServiceUnavailable {
		s.cfg.Log.Error("request failed", "method", c.Method(), "path", c.Path(), "error", err)
	}
	if errors.Is(err, fiber.ErrRequestEntityTooLarge) {
		closeSoftly(c)
	}
	setSecurityHeaders(c) // what the server refuses before any handler runs comes here too
	switch {
	case isKept(c.Path()):
		return keptError(c, status, sentence)
	case wantsPage(c):
		return s.errorPage(c, status, statusTitle(status), sentence)
	}
	return c.Status(status).JSON(newProblem(status, sentence), problemType)
}

// describe finds the status and the sentence for the client. Fiber's own texts are replaced: they are no sentences.
func describe(c *fiber.Ctx, err error) (int, string) {
	var told sentence
	if errors.As(err, &told) {
		return fiber.StatusBadRequest, told.Error()
	}
	var fe *fiber.Error
	if !errors.As(err, &fe) {
		return fiber.StatusInternalServerError, "Something went wrong inside QueuePilot; its log says what."
	}
	switch {
	case fe.Code == fiber.StatusNotFound && strings.HasPrefix(fe.Message, "Cannot "):
		return fe.Code, "Nothing is at " + shorten(c.Path()) + "."
	case fe.Code == fiber.StatusMethodNotAllowed:
		return fe.Code, c.Method() + " is not possible at " + shorten(c.Path()) + "; possible: " +
			c.GetRespHeader(fiber.HeaderAllow) + "."
	case fe == fiber.ErrInternalServerError:
		return fe.Code, "Something went wrong inside QueuePilot; its log says what."
	case fe == fiber.ErrRequestEntityTooLarge:
		return fe.Code, "The body is larger than 16 MiB, the most that a request may have."
	case fe == fiber.ErrRequestHeaderFieldsTooLarge:
		return fe.Code, "Address and headers together are larger than 8 KiB."
	case fe == fiber.ErrRequestTimeout:
		return fe.Code, "The request did not arrive within 30 s."
	case fe.Code == fiber.StatusBadRequest: // the HTTP library quotes what it could not read
		return fe.Code, "The request cannot be read as HTTP."
	}
	return fe.Code, fe.Message
}

// refusal finds the problem for an error of app/queue or workers about what ("task T1"), and logs it where it is the
// server's own trouble: every error that the client did not cause comes from Redis, and then told is the sentence.
func (s *Server) refusal(err error, what, told string) error {
	var invalid *queue.InvalidError
	switch {
	case errors.As(err, &invalid):
		return invalidProblem(invalid, "body.")
	case errors.Is(err, queue.ErrNotFound):
		return newProblem(fiber.StatusNotFound, "There is no "+what+": it never was, or it is kept no longer.")
	case errors.Is(err, queue.ErrState), errors.Is(err, queue.ErrPayloadDiffers):
		return newProblem(fiber.StatusConflict, err.Error()+".")
	case errors.Is(err, queue.ErrNotReplicated):
		s.cfg.Log.Warn("replicas did not confirm a move", "error", err)
		return serviceUnavailable(movedUnconfirmed)
	}
	return s.away(err, told)
}

// queryRefusal is refusal for what stands in a query.
func (s *Server) queryRefusal(err error) error {
	var invalid *queue.InvalidError
	if errors.As(err, &invalid) {
		return invalidProblem(invalid, "query.")
	}
	return s.away(err, awaySentence)
}

func isNotFound(err error) bool {
	var p *problem
	return errors.As(err, &p) && p.Status == fiber.StatusNotFound
}

// away logs why Redis did not answer, once, and returns the 503 for the client.
func (s *Server) away(err error, told string) error {
	s.cfg.Log.Warn("redis did not serve a request", "error", err)
	return serviceUnavailable(tell(err, told))
}

func serviceUnavailable(told string) error {
	return huma.ErrorWithHeaders(newProblem(fiber.StatusServiceUnavailable, told),
		map[string][]string{fiber.HeaderRetryAfter: {retryAfter}})
}

func newProblem(status int, sentence string) *problem {
	return &problem{Title: statusTitle(status), Status: status, Detail: sentence}
}

// invalidProblem is a 422 (413 where it is only too large) that names the field, what it was and what is wanted; where is
// "body.", "path." or "query.".
func invalidProblem(e *queue.InvalidError, where string) *problem {
	status := fiber.StatusUnprocessableEntity
	if e.Large {
		status = fiber.StatusRequestEntityTooLarge
	}
	p := newProblem(status, e.Error()+".")
	location := where + e.Field
	if e.Field == "body" {
		location = e.Field
	}
	p.Errors = []*huma.ErrorDetail{{Message: "wanted: " + e.Want, Location: location, Value: e.Value}}
	return p
}

func statusTitle(status int) string { return fiber.NewError(status).Message }

func wantsPage(c *fiber.Ctx) bool {
	return strings.Contains(c.Get(fiber.HeaderAccept), "text/html") && !strings.HasPrefix(c.Path(), apiPrefix)
}

// shorten keeps what a client sent from filling an answer.
func shorten(s string) string {
	const most = 80 // bytes
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
