package web

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

type purgeInput struct {
	Name string `path:"q" doc:"The queue's name" example:"default"`
	Body *struct {
		Count *int `json:"count,omitempty" minimum:"0" doc:"How many tasks you mean: where another number waits nothing is deleted"`
	}
}

type purgeOutput struct {
	Body struct {
		Deleted int  `json:"deleted" doc:"Tasks that waited in the queue"`
		More    bool `json:"more,omitempty" doc:"More than 1,000,000 waited: purge again"`
	}
}

func purgeOp() huma.Operation {
	o := op("POST", "/queues/{q}/purge", "purge-queue", "Delete the tasks that wait in a queue", 400, 404, 409, 415)
	o.Description = "Deletes the pending tasks that are there now. What is scheduled, waits for a retry or is with a worker stays. " +
		"The body may be left out."
	return o
}

// purgeQueue deletes what waits in a queue, where no count is given or the right one.
func (s *Server) purgeQueue(ctx context.Context, in *purgeInput) (*purgeOutput, error) {
	found, err := s.getQueue(ctx, &queuePath{in.Name})
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
	if in.Body != nil && in.Body.Count != nil {
		count = *in.Body.Count
	}
	sel.Acted, err = s.client.Act(ctx, sel.ID, queue.ActionDelete, count)
	if err != nil {
		return nil, s.actRefusal(err, sel)
	}
	out := &purgeOutput{}
	out.Body.Deleted, out.Body.More = sel.Acted.Done, sel.More
	return out, nil
}
