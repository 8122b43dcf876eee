package web

import (
	"fmt"
	"math"

	"github.com/gofiber/fiber/v2"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/views"
)

// pointBody is a point of the overview's chart. What is not known is null.
type pointBody struct {
	At        queue.Time `json:"at" doc:"The end of the step"`
	Submitted *float64   `json:"submitted_per_second"`
	Completed *float64   `json:"completed_per_second"`
	Failed    *float64   `json:"failed_per_second"`
}

// exportThroughput answers with the points of the chart, the oldest first.
func (s *Server) exportThroughput(c *fiber.Ctx) error {
	span, err := spanOf(c)
	if err != nil {
		return exportRefusal(c, s.queryRefusal(err))
	}
	points, err := s.hub.Points(c.UserContext(), span)
	if err != nil {
		return exportRefusal(c, s.away(err, awaySentence))
	}
	list := page[pointBody]{Items: make([]pointBody, len(points))}
	for i, p := range points {
		list.Items[i].At = queue.Time{Time: p.At}
		if p.Known {
			list.Items[i].Submitted, list.Items[i].Completed, list.Items[i].Failed = rounded(p.Values[0]), rounded(p.Values[1]), rounded(p.Values[2])
		}
	}
	return sendFile[pointBody](c, "throughput", list)
}

// rounded keeps four decimals: one task in a step of ten minutes has two of its own.
func rounded(perSecond float64) *float64 { return new(math.Round(perSecond*1e4) / 1e4) }

// spanOf reads which span the chart is to have.
func spanOf(c *fiber.Ctx) (views.Span, error) {
	span, known := views.FindSpan(c.Query("span"))
	if !known {
		return span, &queue.InvalidError{Field: "span", Value: fmt.Sprintf("%q", shorten(c.Query("span"))), Want: "5m, 1h or 24h"}
	}
	return span, nil
}
