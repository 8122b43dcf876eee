package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// registerFailures routes the groups of failed tasks and their redrives.
func (s *Server) registerFailures(v1 huma.API) {
	huma.Register(v1, op("GET", "/failures", "list-failures", "Group the failed tasks by type and error"), s.listFailures)
	start := op("POST", "/failures/{group}/redrive", "redrive-group", "Retry a group: 1 task, then 10, then all", 404, 409)
	start.DefaultStatus = http.StatusAccepted
	huma.Register(v1, start, s.startRedrive)
	huma.Register(v1, op("GET", "/redrives/{id}", "get-redrive", "How far the retry of a group is", 404), s.getRedrive)
	huma.Register(v1, op("POST", "/redrives/{id}/stop", "stop-redrive", "Stop the retry of a group", 404, 409), s.stopRedrive)
}

// failureGroup is a group as the API writes it.
type failureGroup struct {
	ID          string     `json:"id" doc:"12 hex digits, of type and fingerprint"`
	Type        string     `json:"type"`
	Fingerprint string     `json:"fingerprint" doc:"The error's first line without what varies"`
	Example     string     `json:"example" doc:"The first line of one error"`
	Count       int        `json:"count"`
	LastHour    int        `json:"last_hour" doc:"How many of them failed in the last hour"`
	FirstSeen   queue.Time `json:"first_seen_at"`
	LastSeen    queue.Time `json:"last_seen_at"`
	Queues      []string   `json:"queues" nullable:"false"`
}

type failuresInput struct {
	Queue string `query:"queue" pattern:"^[A-Za-z0-9_.:-]{1,64}$" doc:"Only tasks of this queue"`
	Type  string `query:"type" pattern:"^[A-Za-z0-9_.:-]{1,64}$" doc:"Only tasks of this type"`
}

type failuresOutput struct {
	Body struct {
		page[failureGroup]
		Examined int   `json:"examined" doc:"The newest failed tasks, at most 10,000: what is counted"`
		Total    int64 `json:"total" doc:"All failed tasks"`
		Until    int64 `json:"until" doc:"Up to when they failed, in ms; pass it to a redrive"`
	}
}

func (s *Server) listFailures(ctx context.Context, in *failuresInput) (*failuresOutput, error) {
	list, err := s.failures.get(ctx, struct{}{})
	if err != nil {
		return nil, s.away(err, awaySentence)
	}
	out := &failuresOutput{}
	out.Body.Items = []failureGroup{}
	out.Body.Examined, out.Body.Total, out.Body.Until = len(list.Items), list.Total, list.Until
	for _, g := range list.Groups(in.Queue, in.Type, time.Now()) {
		out.Body.Items = append(out.Body.Items, failureGroup{
			ID: g.Group, Type: g.Type, Fingerprint: g.Fingerprint, Example: g.Example, Count: g.Count, LastHour: g.LastHour,
			FirstSeen: queue.Time{Time: g.FirstSeen}, LastSeen: queue.Time{Time: g.LastSeen}, Queues: g.Queues,
		})
	}
	return out, nil
}

type redriveInput struct {
	Group string `path:"group" pattern:"^[0-9a-f]{12}$" doc:"The group's id"`
	Body  struct {
		Count int   `json:"count" minimum:"1" doc:"The group's count as it was seen: it must match"`
		Until int64 `json:"until,omitempty" minimum:"1" maximum:"253402300799999" doc:"The until that came with it: what failed later is neither counted nor touched"`
	}
}

type (
	redrivePath struct {
		ID string `path:"id" maxLength:"64" doc:"The redrive's id"`
	}
	redriveOutput struct{ Body *queue.Redrive }
)

func (s *Server) startRedrive(ctx context.Context, in *redriveInput) (*redriveOutput, error) {
	r, err := s.client.StartRedrive(ctx, in.Group, in.Body.Count, in.Body.Until)
	var count *queue.CountError
	switch {
	case errors.As(err, &count):
		return nil, countProblem(count)
	case errors.Is(err, queue.ErrRedriving):
		return nil, newProblem(http.StatusConflict, "A redrive of this group is under way. Nothing was changed.")
	}
	return s.answerRedrive(r, err, "group "+in.Group, awayMove)
}

func (s *Server) getRedrive(ctx context.Context, in *redrivePath) (*redriveOutput, error) {
	r, err := s.client.GetRedrive(ctx, in.ID)
	return s.answerRedrive(r, err, "redrive "+in.ID, awaySentence)
}

func (s *Server) stopRedrive(ctx context.Context, in *redrivePath) (*redriveOutput, error) {
	r, err := s.client.StopRedrive(ctx, in.ID)
	return s.answerRedrive(r, err, "redrive "+in.ID, awayMove)
}

func (s *Server) answerRedrive(r *queue.Redrive, err error, what, told string) (*redriveOutput, error) {
	if err != nil {
		return nil, s.refusal(err, what, told)
	}
	return &redriveOutput{r}, nil
}

// readFailures reads the failed tasks for all who ask at once; what it read before it need not read again.
func (s *Server) readFailures(ctx context.Context, _ struct{}) (*queue.Failures, error) {
	list, err := s.client.Failures(ctx, 0, s.lastFailures.Load())
	if err == nil {
		s.lastFailures.Store(list)
	}
	return list, err
}
