package web

import (
	"bytes"
	"context"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// purgeDoc describes the body of a purge, which may be left out.
type purgeDoc struct {
	Count int `json:"count,omitempty" minimum:"0" doc:"How many tasks you mean: where another number waits nothing is deleted"`
}

type purgeInput struct {
	Name        string `path:"q" doc:"The queue's name" example:"default"`
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte
}

type purgeOutput struct {
	Body struct {
		Deleted int  `json:"deleted" doc:"Tasks that waited in the queue"`
		More    bool `json:"more,omitempty" doc:"More than 1,000,000 waited: purge again"`
	}
}

func purgeOp(api huma.API) huma.Operation {
	o := op("POST", "/queues/{q}/purge", "purge-queue", "Delete the tasks that wait in a queue", 400, 404, 409, 415)
	o.Description = "Deletes the pending tasks that are there now. What is scheduled, waits for a retry or is with a worker stays."
	o.SkipValidateBody = true
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[purgeDoc](), true, "")
	o.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{jsonType: {Schema: schema}}}
	return o
}

func (s *Server) purgeQueue(ctx context.Context, in *purgeInput) (*purgeOutput, error) {
	found, err := s.getQueue(ctx, &queuePath{in.Name})
	if err != nil {
		return nil, err
	}
	var body struct {
		Count *int `json:"count"`
	}
	if len(bytes.TrimSpace(in.RawBody)) > 0 {
		if _, err := mediaType(in.ContentType, jsonType); err != nil {
			return nil, err
		}
		if err := decodeStrictly(in.RawBody, &body, "body."); err != nil {
			return nil, err
		}
	}
	return s.purge(found.Body.Name, body.Count)
}

// purge deletes what waits in a queue, where count is nil or right.
func (s *Server) purge(name string, count *int) (*purgeOutput, error) {
	ctx, cancel := s.actContext()
	defer cancel()
	sel, err := s.client.Select(ctx, queue.ActionDelete, queue.Filter{State: queue.Pending, Queue: name})
	if err != nil {
		return nil, s.actRefusal(err, sel)
	}
	if count == nil {
		count = &sel.Count
	}
	sel.Acted, err = s.client.Act(ctx, sel.ID, queue.ActionDelete, *count)
	if err != nil {
		return nil, s.actRefusal(err, sel)
	}
	out := &purgeOutput{}
	out.Body.Deleted, out.Body.More = sel.Acted.Done, sel.More
	return out, nil
}
