package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

const linesType = "application/x-ndjson"

type batchOutput struct {
	Body struct {
		Items []batchItem `json:"items" nullable:"false" doc:"One outcome for each task, in the order sent"`
	}
}

// batchItem is what became of one task of a batch.
type batchItem struct {
	ID     string `json:"id" doc:"Empty where the task had none and was not accepted"`
	Status int    `json:"status" enum:"201,200,409,422" doc:"As a single submit would have answered"`
	Error  string `json:"error,omitempty" doc:"Why it was not accepted"`
}

func submitBatchOp(api huma.API) huma.Operation {
	o := op("POST", "/tasks/batch", "submit-batch", "Submit up to 10,000 tasks", 400, 413, 415)
	o.Description = "A JSON array, or one JSON object a line. Each task has its own outcome; a bad one does not spoil the others."
	o.SkipValidateBody = true
	task := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[taskInputDoc](), true, "")
	most := queue.MaxBatch
	o.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		jsonType:  {Schema: &huma.Schema{Type: huma.TypeArray, Items: task, MaxItems: &most}},
		linesType: {Schema: task},
	}}
	return o
}

func (s *Server) submitBatch(ctx context.Context, in *submitInput) (*batchOutput, error) {
	kind, err := mediaType(in.ContentType, jsonType, linesType)
	if err != nil {
		return nil, err
	}
	raws, err := splitBatch(kind, in.RawBody)
	if err != nil {
		return nil, err
	}
	if len(raws) > queue.MaxBatch {
		return nil, newProblem(http.StatusRequestEntityTooLarge,
			fmt.Sprintf("The batch has %d tasks; wanted: at most %d.", len(raws), queue.MaxBatch))
	}
	out := &batchOutput{}
	out.Body.Items, err = s.submitEach(ctx, raws)
	return out, err
}

// splitBatch cuts a body into its tasks. Only an array can be malformed as a whole: each line stands for itself.
func splitBatch(kind string, body []byte) ([]json.RawMessage, error) {
	if kind == jsonType {
		raws, err := queue.SplitArray(body)
		if err != nil {
			return nil, notArray(err)
		}
		return raws, nil
	}
	var raws []json.RawMessage
	for line := range bytes.Lines(body) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			raws = append(raws, line)
		}
	}
	return raws, nil
}

func notArray(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return newProblem(http.StatusUnprocessableEntity, "The body is a JSON "+wrong.Value+"; wanted: an array of tasks, or "+
			"one task a line with Content-Type "+linesType+".")
	}
	return malformed(err)
}

// submitEach submits what can be decoded, and answers for each item. The error is Redis's alone.
func (s *Server) submitEach(ctx context.Context, raws []json.RawMessage) ([]batchItem, error) {
	items := make([]batchItem, len(raws))
	tasks := make([]queue.Task, 0, len(raws))
	at := make([]int, 0, len(raws)) // tasks[i] is items[at[i]]
	for i, raw := range raws {
		task, err := queue.DecodeTask(raw)
		if err != nil {
			items[i] = batchItem{ID: idOf(raw), Status: http.StatusUnprocessableEntity, Error: itemError(err)}
			continue
		}
		tasks, at = append(tasks, task), append(at, i)
	}
	done, err := s.client.Submit(ctx, tasks...)
	if err != nil {
		return nil, s.away(err, awaySubmit)
	}
	for i, d := range done {
		items[at[i]] = batchItem{ID: d.ID, Status: statusOf(d)}
		if d.Err != nil {
			items[at[i]].Error = itemError(d.Err)
		}
	}
	return items, nil
}

// idOf finds the id of a task that cannot be accepted, so that its outcome can be told from the others'.
func idOf(raw json.RawMessage) string {
	var named struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(raw, &named) // whatever is wrong with it is told already
	return shorten(named.ID)
}

// itemError is a decoder's or a submit's error as a sentence.
func itemError(err error) string {
	var invalid *queue.InvalidError
	switch {
	case errors.Is(err, queue.ErrPayloadDiffers):
		return "The id belongs to a task with another payload; nothing was changed."
	case errors.As(err, &invalid):
		return invalid.Error() + "."
	}
	return malformed(err).Detail
}
