package web

import (
	"bytes"
	"context"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

type purgeInput struct {
	Name        string `path:"q" doc:"The queue's name" example:"default"`
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte
}

// purgeDoc describes the body of a purge.
type purgeDoc struct {
	Count int `json:"count,omitempty" minimum:"0" doc:"How many tasks you mean: where another number waits nothing is deleted"`
}

type purgeOutput struct {
	Body struct {
		Deleted int  `json:"deleted" doc:"Tasks that waited in the queue"`
		More    bool `json:"more,omitempty" doc:"More than 1,000,000 waited: purge again"`
	}
}

// registerPurge describes the body by hand, as submitTaskOp does, and then says that it may be left out: huma wants every
// raw body.
func (s *Server) registerPurge(v1, api huma.API) {
	o := op("POST", "/queues/{q}/purge", "purge-queue", "Delete the tasks that wait in a queue", 400, 404, 409, 415)
	o.Description = "Deletes the pending tasks that are there now. What is scheduled, waits for a retry or is with a worker stays. " +
		"The body may be left out."
	o.SkipValidateBody = true
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[purgeDoc](), true, "")
	o.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{jsonType: {Schema: schema}}}
	huma.Register(v1, o, s.purgeQueue)
	o.RequestBody.Required = false
}

// wanted is the count that a purge was given; nil where none was. A misspelled one must not purge.
func (in *purgeInput) wanted() (*int, error) {
	var body struct {
		Count *int `json:"count"`
	}
	if len(bytes.TrimSpace(in.RawBody)) == 0 {
		return nil, nil
	}
	if _, err := mediaType(in.ContentType, jsonType); err != nil {
		return nil, err
	}
	err := decodeStrictly(in.RawBody, &body, "body.")
	return body.Count, err
}

// purgeQueue deletes what waits in a queue, where no count is given or the right one.
func (s *Server) purgeQueue(ctx context.Context, in *purgeInput) (*purgeOutput, error) {
	found, err := s.getQueue(ctx, &queuePath{in.Name})
	if err != nil {
		return nil, err
	}
	wanted, err := in.wanted()
	if err != nil {
		return nil, err
	}
	ctx, cancel := s.actContext()
	defer cancel()
	sel, err := s.client.Select(ctx, queue.ActionDelete, queue.Filter{State: queue.Pending, Queue: found.Body.Name})
	if err != nil {
		return nil, s.actRefusal(err, sel)
	}
	count := sel.Count
	if wanted != nil {
		count = *wanted
	}
	sel.Acted, err = s.client.Act(ctx, sel.ID, queue.ActionDelete, count)
	if err != nil {
		return nil, s.actRefusal(err, sel)
	}
	out := &purgeOutput{}
	out.Body.Deleted, out.Body.More = sel.Acted.Done, sel.More
	return out, nil
}
