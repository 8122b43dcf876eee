package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
)

const jsonType = "application/json"

type submitInput struct {
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte
}

type submitOutput struct {
	Status   int
	Location string `header:"Location" doc:"Where the task is to be found"`
	Body     taskBody
}

// submitTaskOp describes the body by hand, because it is decoded by hand: huma's decoder knows neither aliases nor
// which field an error is about.
func submitTaskOp(api huma.API) huma.Operation {
	o := op("POST", "/tasks", "submit-task", "Submit a task", 400, 409, 413, 415)
	o.Description = "201 for a new task; 200 where the same id and payload were submitted before; 409 where the id belongs to a " +
		"task with another payload, which the problem names as its holder."
	o.DefaultStatus, o.SkipValidateBody = http.StatusCreated, true
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[taskInputDoc](), true, "")
	o.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{jsonType: {Schema: schema}}}
	task := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[taskDoc](), true, "")
	o.Responses = map[string]*huma.Response{"200": {
		Description: "The task was submitted before", Content: map[string]*huma.MediaType{jsonType: {Schema: task}},
	}}
	return o
}

func (s *Server) submitTask(ctx context.Context, in *submitInput) (*submitOutput, error) {
	if _, err := mediaType(in.ContentType, jsonType); err != nil {
		return nil, err
	}
	if len(in.RawBody) > submitLimit {
		return nil, newProblem(http.StatusRequestEntityTooLarge, "The body is larger than 1.1 MiB, the most that a task may have.")
	}
	task, err := decodeTask(in.RawBody)
	if err != nil {
		return nil, err
	}
	done, err := s.client.Submit(ctx, task)
	if err != nil {
		return nil, s.awayTask(err, task.ID, done[0].ID)
	}
	return s.answerSubmit(ctx, task, done[0])
}

func (s *Server) answerSubmit(ctx context.Context, task queue.Task, done queue.Submitted) (*submitOutput, error) {
	switch {
	case done.Status == queue.Conflict:
		return nil, conflictProblem(done.ID)
	case done.Err != nil:
		return nil, s.refusal(done.Err, "task "+done.ID, awaySubmit)
	}
	out := &submitOutput{Status: statusOf(done), Location: "/api/v1/tasks/" + done.ID}
	stored, err := s.client.Get(ctx, done.ID)
	if err != nil { // it is taken all the same: Redis went away only now, or the task is deleted already
		task.ID = done.ID
		stored = &task
	}
	s.explain(stored)
	out.Body = taskBody{stored}
	return out, nil
}

// explain says of a task what it waits for, by the last snapshot: a submit reads nothing for it.
func (s *Server) explain(task *queue.Task) {
	if snap, _, _ := s.hub.Snapshot(); snap != nil {
		task.Waiting = snap.Why(task, monitor.Line{})
	}
}

// awayTask is away for one task. Where the server made the id only this answer can name it.
func (s *Server) awayTask(err error, given, id string) error {
	told := tell(err, awaySubmit)
	if given == "" && id != "" {
		told += " Its id is " + id + "."
	}
	s.cfg.Log.Warn("redis did not serve a request", "error", err)
	return serviceUnavailable(told)
}

func conflictProblem(id string) *problem {
	p := newProblem(http.StatusConflict, "Task "+id+" exists already, with another payload; nothing was changed.")
	p.Holder = id
	p.Errors = []*huma.ErrorDetail{{
		Message: "wanted: an id of its own, or the payload that this task was first submitted with", Location: "body.id", Value: id,
	}}
	return p
}

// statusOf is what one submitted task is answered with.
func statusOf(done queue.Submitted) int {
	switch done.Status {
	case queue.Created:
		return http.StatusCreated
	case queue.Existed:
		return http.StatusOK
	case queue.Conflict:
		return http.StatusConflict
	}
	return http.StatusUnprocessableEntity
}

// decodeTask reads a submitted task; its error is the problem to answer with.
func decodeTask(body []byte) (queue.Task, error) {
	task, err := queue.DecodeTask(body)
	var invalid *queue.InvalidError
	switch {
	case err == nil:
		return task, nil
	case errors.As(err, &invalid):
		return task, invalidProblem(invalid, "body.")
	}
	return task, malformed(err)
}

// malformed is the 400 for a body that is not JSON.
func malformed(err error) *problem {
	var syntax *json.SyntaxError
	sentence := "The body is not JSON: " + err.Error() + "."
	if errors.As(err, &syntax) {
		sentence = fmt.Sprintf("The body is not JSON: %v, at byte %d.", err, syntax.Offset)
	}
	return newProblem(http.StatusBadRequest, sentence)
}

// utf8Only reports whether a Content-Type's parameters name no other character set: JSON is UTF-8.
func utf8Only(params map[string]string) bool {
	charset := params["charset"]
	return charset == "" || strings.EqualFold(charset, "utf-8")
}

// mediaType returns which of the wanted types a Content-Type is; none at all counts as the first.
func mediaType(contentType string, wanted ...string) (string, error) {
	if contentType == "" {
		return wanted[0], nil
	}
	got, params, err := mime.ParseMediaType(contentType)
	for _, w := range wanted {
		if err == nil && got == w && utf8Only(params) {
			return w, nil
		}
	}
	return "", newProblem(http.StatusUnsupportedMediaType, fmt.Sprintf("Content-Type is %s; wanted: %s (curl: -H 'Content-Type: %[2]s').",
		shorten(contentType), wanted[0]))
}
