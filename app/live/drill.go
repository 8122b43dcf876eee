package live

import (
	"context"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/views"
)

// prefixDrill and a drill's id name its topic.
const prefixDrill = "drill:"

// drillSource shows one drill.
type drillSource struct {
	id    string
	drill *queue.Drill
}

// load returns ErrNotFound where there is no such drill, or it is kept no longer.
func (s *drillSource) load(ctx context.Context, c *queue.Client) error {
	d, err := c.GetDrill(ctx, s.id)
	if err == nil {
		s.drill = d
	}
	return err
}

func (s *drillSource) paint(look) (*frame, bool) {
	if s.drill == nil {
		return nil, false
	}
	m := views.NewDrill(s.drill)
	return &frame{model: m, parts: []part{
		newPart("drill-head", views.DrillHead(m)),
		newPart("drill-counts", views.WorkerFacts(m.Counts)),
		newPart("drill-times", views.WorkerFacts(m.Times)),
	}}, true
}

// Drill returns the content of a drill's report, or ErrNotFound.
func (h *Hub) Drill(ctx context.Context, id string) (View[views.DrillPage], error) {
	return viewOf[views.DrillPage](ctx, h, prefixDrill+id)
}
