package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// submitKept takes a task as the Python system did: {"task":{"id":"T1","payload":"…"}}, whatever its Content-Type.
// Further fields of an API task are accepted; unknown ones are ignored, as they were.
func (s *Server) submitKept(c *fiber.Ctx) error {
	if len(c.BodyRaw()) > submitLimit {
		return keptError(c, fiber.StatusRequestEntityTooLarge, "The body is larger than 1.1 MiB, the most that a task may have.")
	}
	task, err := decodeKept(c.BodyRaw())
	if err != nil {
		return keptError(c, statusOfInvalid(err), strings.TrimSuffix(err.Error(), ".")+".")
	}
	done, err := s.client.Submit(c.UserContext(), task)
	if err != nil {
		return s.keptAway(c, err, awaySubmit)
	}
	return answerKept(c, done[0])
}

// statusOfInvalid is 413 for what is only too large, else 400: the Python system knew no 422.
func statusOfInvalid(err error) int {
	var invalid *queue.InvalidError
	if errors.As(err, &invalid) && invalid.Large {
		return fiber.StatusRequestEntityTooLarge
	}
	return fiber.StatusBadRequest
}

func answerKept(c *fiber.Ctx, done queue.Submitted) error {
	switch {
	case done.Status == queue.Conflict:
		return keptError(c, fiber.StatusConflict, "Task "+done.ID+" exists already, with another payload.")
	case done.Err != nil:
		return keptError(c, statusOfInvalid(done.Err), "task."+done.Err.Error()+".")
	}
	return c.JSON(keptAnswer{done.Status == queue.Created, "Task " + done.ID + " submitted successfully!", done.ID})
}

// keptAnswer says that a task is there; created, that it was not before.
type keptAnswer struct {
	Created bool   `json:"created"`
	Message string `json:"message"`
	TaskID  string `json:"task_id"`
}

// decodeKept finds the task in a body. Its error is a sentence.
func decodeKept(body []byte) (queue.Task, error) {
	fields, err := splitKept(body)
	if err != nil {
		return queue.Task{}, err
	}
	for _, name := range []string{"id", "payload"} {
		if isEmpty(fields[name]) {
			return queue.Task{}, sentence("The task has no " + name + ", or an empty one.")
		}
	}
	for name := range fields {
		if !queue.KnownField(name) {
			delete(fields, name)
		}
	}
	task, err := queue.DecodeFields(fields)
	if err != nil {
		return queue.Task{}, fmt.Errorf("task.%w", err)
	}
	return task, nil
}

// splitKept takes the task in a body apart. Its error is a sentence.
func splitKept(body []byte) (map[string]json.RawMessage, error) {
	var request struct {
		Task json.RawMessage `json:"task"`
	}
	if fields, err := queue.SplitObject(body); err == nil && len(fields) == 1 && fields["task"] != nil {
		request.Task = fields["task"]
	} else if err := json.Unmarshal(body, &request); err != nil { // to which TASK is a task, too
		return nil, keptSyntax(err)
	}
	if isNull(request.Task) {
		return nil, sentence(`The body has no task; wanted: {"task":{"id":"T1","payload":"…"}}.`)
	}
	fields, err := queue.SplitObject(request.Task)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		wrong.Field = "task"
	}
	if err != nil {
		return nil, keptSyntax(err)
	}
	return fields, nil
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

func keptSyntax(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return sentence(orBody(wrong.Field) + " is a JSON " + wrong.Value + "; wanted: an object.")
	}
	return sentence("The body is not JSON: " + err.Error() + ".")
}

func orBody(field string) string {
	if field == "" {
		return "The body"
	}
	return field
}

// isEmpty reports whether a field is missing, null or "". An empty list or object is a payload like any other.
func isEmpty(raw json.RawMessage) bool {
	text := strings.TrimSpace(string(raw))
	return text == "" || text == "null" || text == `""`
}

// keptError answers {"error": sentence}, the Python system's shape.
func keptError(c *fiber.Ctx, status int, sentence string) error {
	return c.Status(status).JSON(fiber.Map{"error": sentence})
}

// keptAway answers 503 and logs why.
func (s *Server) keptAway(c *fiber.Ctx, err error, told string) error {
	s.cfg.Log.Warn("redis did not serve a request", "path", c.Path(), "error", err)
	c.Set(fiber.HeaderRetryAfter, retryAfter)
	return keptError(c, fiber.StatusServiceUnavailable, tell(err, told))
}
