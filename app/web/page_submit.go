package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/views"
)

// submitPage shows the form. Its fields may be filled by the address: /submit?type=sleep.
func (s *Server) submitPage(c *fiber.Ctx) error {
	m := readForm(func(name string) string { return c.Query(name) })
	if m.Type == "" {
		m.Type = queue.DefaultType
	}
	if m.Queue == "" {
		m.Queue = queue.DefaultQueue
	}
	if m.Payload == "" {
		m.Payload = views.ExamplePayload(m.Type)
	}
	return s.showForm(c, fiber.StatusOK, m)
}

// showForm answers with the form as it was filled.
func (s *Server) showForm(c *fiber.Ctx, status int, m views.Submit) error {
	m.Examples, m.Server = views.Examples(), c.BaseURL()
	m.Open = m.Options != (views.SubmitOptions{})
	if snap, _, _ := s.hub.Snapshot(); snap != nil {
		m.Queues, m.Types = views.Known(snap)
	}
	m.Curl = views.Curl(m.Server, taskJSON(m))
	around := s.hub.Chrome(c.UserContext())
	return render(c, status, views.SubmitPage(s.frame(c, "Submit", "/submit", around.Chrome, around.Mark), m))
}

// brokenJSON says where a payload that looks like JSON stops being it. Plain text is no mistake: it goes as a string.
func brokenJSON(text string) string {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" {
		return "payload is empty; wanted: any JSON, or plain text"
	}
	if !strings.ContainsRune(`{["`, rune(trimmed[0])) {
		return ""
	}
	var any json.RawMessage
	var syntax *json.SyntaxError
	if err := json.Unmarshal([]byte(text), &any); !errors.As(err, &syntax) {
		return ""
	}
	before := text[:max(0, min(int(syntax.Offset), len(text))-1)]
	line := strings.Count(before, "\n") + 1
	column := len([]rune(before[strings.LastIndex(before, "\n")+1:])) + 1
	return fmt.Sprintf("line %d, column %d: %s", line, column, syntax)
}

// submitForm takes the form. Every error shows the form again with what was typed.
func (s *Server) submitForm(c *fiber.Ctx) error {
	m := readForm(func(name string) string { return c.FormValue(name) })
	if wrong := brokenJSON(m.Payload); wrong != "" {
		m.Field, m.Wrong = "payload", wrong
		return s.showForm(c, fiber.StatusUnprocessableEntity, m)
	}
	task, err := queue.DecodeTask(taskJSON(m))
	if err != nil {
		return s.refuseForm(c, m, err)
	}
	answers, err := s.client.Submit(c.UserContext(), task)
	if err != nil {
		s.cfg.Log.Warn("redis did not take a form", "error", err)
		m.Error, m.ID = tell(err, awayForForm), answers[0].ID // sent again it is the same task
		return s.showForm(c, fiber.StatusServiceUnavailable, m)
	}
	if answers[0].Err != nil {
		return s.refuseForm(c, m, answers[0].Err)
	}
	done := "submitted"
	if answers[0].Status == queue.Existed {
		done = "existed"
	}
	return c.Redirect("/tasks/"+url.PathEscape(answers[0].ID)+"?done="+done, fiber.StatusSeeOther)
}

// refuseForm shows the form with what is wrong beside its field.
func (s *Server) refuseForm(c *fiber.Ctx, m views.Submit, err error) error {
	var invalid *queue.InvalidError
	switch {
	case errors.As(err, &invalid):
		m.Field, m.Wrong = invalid.Field, invalid.Error()
		if m.Field == "backoff" { // only this field of it has no name of its own there
			m.Field = "backoff.jitter"
		}
	case errors.Is(err, queue.ErrPayloadDiffers):
		m.Field, m.Wrong = "id", "this id belongs to a task with another payload; nothing was submitted"
		return s.showForm(c, fiber.StatusConflict, m)
	default:
		m.Error = err.Error()
	}
	return s.showForm(c, fiber.StatusUnprocessableEntity, m)
}
