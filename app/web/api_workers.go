package web

import (
	"context"
	"net/http"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// workerPath names a worker in a path.
type workerPath struct {
	ID string `path:"id" doc:"The worker's id, new at every start" example:"Worker-3-7f3a"`
}

func (p workerPath) id() (string, error) {
	return pathName("id", p.ID, queue.ValidID, queue.IDRule)
}

type (
	workersOutput struct{ Body page[queue.Worker] }
	workerOutput  struct{ Body queue.Worker }
)

func (s *Server) listWorkers(ctx context.Context, _ *struct{}) (*workersOutput, error) {
	snap, err := s.snapshots.get(ctx, struct{}{})
	if err != nil {
		return nil, s.away(err, awaySentence)
	}
	return &workersOutput{page[queue.Worker]{Items: append([]queue.Worker{}, snap.Workers...)}}, nil
}

func (s *Server) getWorker(ctx context.Context, in *workerPath) (*workerOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	snap, err := s.snapshots.get(ctx, struct{}{})
	if err != nil {
		return nil, s.away(err, awaySentence)
	}
	for _, w := range snap.Workers {
		if w.ID == id {
			return &workerOutput{w}, nil
		}
	}
	return nil, newProblem(http.StatusNotFound, "There is no worker "+id+": it never was, or it is gone for long.")
}

// drainWorker asks a worker to take no more tasks, finish what it runs and leave.
func (s *Server) drainWorker(ctx context.Context, in *workerPath) (*workerOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	if err := workers.Drain(ctx, s.client, id); err != nil {
		return nil, s.refusal(err, "live worker "+id, awayMove)
	}
	return s.getWorker(ctx, in)
}
