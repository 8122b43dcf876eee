package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// registerDrillAPI routes drills.
func (s *Server) registerDrillAPI(v1 huma.API) {
	start := op("POST", "/workers/{id}/drill", "drill-worker", "Stop a worker as if it had crashed", 403, 404, 409)
	start.DefaultStatus = http.StatusAccepted
	start.Description = "403 where the server or the worker was started without --drills. The worker falls silent at once; its process " +
		"starts another one. The drill says what became of the tasks that it held."
	huma.Register(v1, start, s.startDrill)
	huma.Register(v1, op("GET", "/drills/{id}", "get-drill", "What became of a stopped worker's tasks", 403, 404), s.getDrill)
}

type (
	drillPath struct {
		ID string `path:"id" maxLength:"64" doc:"The drill's id"`
	}
	drillOutput struct{ Body *queue.Drill }
)

func (s *Server) startDrill(ctx context.Context, in *workerPath) (*drillOutput, error) {
	id, err := in.id()
	switch {
	case err != nil:
		return nil, err
	case !s.cfg.Drills:
		return nil, newProblem(http.StatusForbidden, drillsOff)
	}
	d, err := workers.Drill(ctx, s.client, id)
	switch {
	case errors.Is(err, queue.ErrNoDrills):
		return nil, newProblem(http.StatusForbidden, drillRefuse)
	case err != nil:
		return nil, s.refusal(err, "live worker "+id, awayMove)
	}
	return &drillOutput{d}, nil
}

func (s *Server) getDrill(ctx context.Context, in *drillPath) (*drillOutput, error) {
	if !s.cfg.Drills {
		return nil, newProblem(http.StatusForbidden, drillsOff)
	}
	d, err := s.client.GetDrill(ctx, in.ID)
	if err != nil {
		return nil, s.refusal(err, "drill "+in.ID, awaySentence)
	}
	return &drillOutput{d}, nil
}
