package web

import (
	"context"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
)

// stats is what GET /stats answers.
type stats struct {
	At     queue.Time     `json:"at" doc:"When the totals were read, by Redis's clock"`
	Totals monitor.Totals `json:"totals"`
	Rates  monitor.Rates  `json:"rates" doc:"Per second, over the last ten seconds; zero where no monitor runs"`
}

type statsOutput struct{ Body stats }

func (s *Server) getStats(ctx context.Context, _ *struct{}) (*statsOutput, error) {
	snap, err := s.snapshots.get(ctx, struct{}{})
	if err != nil {
		return nil, s.away(err, awaySentence)
	}
	return &statsOutput{stats{At: snap.At, Totals: snap.Totals, Rates: snap.Rates}}, nil
}
