package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// actTime is for selecting and moving a million tasks, some 30 s where Redis is not busy.
const actTime = 2 * time.Minute

// actionDoc describes the body of an action on many tasks. decodeAction reads it.
type actionDoc struct {
	Action    string     `json:"action" enum:"retry,cancel,delete"`
	Filter    *filterDoc `json:"filter,omitempty" doc:"Which tasks; {} means all, but not for delete. Excludes selection"`
	Selection string     `json:"selection,omitempty" doc:"What a dry run answered: acts on exactly the tasks that matched then, those that have not moved on. Excludes filter"`
	Count     int        `json:"count,omitempty" minimum:"0" doc:"How many tasks you mean: where another number matches nothing is changed. Needed but for a dry run"`
	DryRun    bool       `json:"dry_run,omitempty" doc:"Only count and select: answers matched and selection"`
}

// filterDoc describes which tasks.
type filterDoc struct {
	State  string `json:"state,omitempty" enum:"scheduled,pending,assigned,running,retry,completed,failed,canceled" doc:"Without it: for retry failed and canceled ones, for cancel all that have not ended, for delete all that no worker holds"`
	Queue  string `json:"queue,omitempty" pattern:"^[A-Za-z0-9_.:-]{1,64}$" doc:"Only tasks of this queue"`
	Type   string `json:"type,omitempty" pattern:"^[A-Za-z0-9_.:-]{1,64}$" doc:"Only tasks of this type"`
	Worker string `json:"worker,omitempty" doc:"Only tasks of this worker, by its id"`
	Q      string `json:"q,omitempty" doc:"Only tasks whose id contains this"`
}

// acted is the answer of an action on many tasks.
type acted struct {
	Action    string   `json:"action" enum:"retry,cancel,delete"`
	Matched   int      `json:"matched" doc:"How many tasks were selected"`
	More      bool     `json:"more,omitempty" doc:"More than 1,000,000 match: these are the first"`
	Selection string   `json:"selection" doc:"Names the selected tasks for 15 minutes"`
	Sample    []string `json:"sample,omitempty" nullable:"false" doc:"Of a dry run: some of their ids"`
	Done      int      `json:"done" doc:"Moved; a running task that is canceled was asked to stop"`
	Skipped   int      `json:"skipped" doc:"Had moved on to another state, and were left alone"`
	Gone      int      `json:"gone" doc:"Were not there any more"`
}

type actInput struct {
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte
}

type actOutput struct{ Body acted }

func actOp(api huma.API) huma.Operation {
	o := op("POST", "/tasks/actions", "act-on-tasks", "Retry, cancel or delete many tasks", 400, 404, 409, 415)
	o.Description = "count must be the number of tasks that match now: else 409, the problem's count says how many it is, and nothing " +
		"is changed. A dry run answers that number, and a selection to act on what was counted and nothing else. A selection " +
		"is used up by the action; sent again after a 503 it goes on where it stopped."
	o.SkipValidateBody = true
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[actionDoc](), true, "")
	o.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{jsonType: {Schema: schema}}}
	return o
}

// actOnTasks selects, or takes what was selected, and acts where the count is right.
func (s *Server) actOnTasks(_ context.Context, in *actInput) (*actOutput, error) {
	if _, err := mediaType(in.ContentType, jsonType); err != nil {
		return nil, err
	}
	a, err := decodeAction(in.RawBody)
	if err != nil {
		return nil, err
	}
	ctx, cancel := s.actContext()
	defer cancel()
	sel, err := s.selected(ctx, a)
	if err != nil {
		return nil, s.actRefusal(err, sel)
	}
	if a.dryRun {
		return &actOutput{newActed(sel, true)}, nil
	}
	sel.Acted, err = s.client.Act(ctx, sel.ID, a.action, a.count)
	if err != nil {
		return nil, s.actRefusal(err, sel)
	}
	return &actOutput{newActed(sel, false)}, nil
}

// actContext is for work that takes longer than a request does else. It ends where the server stops.
func (s *Server) actContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(s.stopping, actTime)
}

func (s *Server) selected(ctx context.Context, a bulkAction) (queue.Selection, error) {
	if a.selection != "" {
		return s.client.Selection(ctx, a.selection)
	}
	return s.client.Select(ctx, a.action, a.filter)
}

func newActed(sel queue.Selection, dry bool) acted {
	a := acted{
		Action: string(sel.Action), Matched: sel.Count, More: sel.More, Selection: sel.ID,
		Done: sel.Acted.Done, Skipped: sel.Acted.Skipped, Gone: sel.Acted.Gone,
	}
	if dry {
		a.Sample = sel.Sample
	}
	return a
}

// countProblem says that a count does not match, and which one would.
func countProblem(e *queue.CountError) *problem {
	p := newProblem(http.StatusConflict, fmt.Sprintf("count is %d, but %d tasks match; nothing was changed.", e.Given, e.Count))
	p.Count = &e.Count
	return p
}

// actRefusal is refusal for an action on many tasks. Where it was broken off, it says how to go on.
func (s *Server) actRefusal(err error, sel queue.Selection) error {
	var count *queue.CountError
	var invalid *queue.InvalidError
	switch {
	case errors.As(err, &count):
		return countProblem(count)
	case queue.IsNoSelection(err):
		return newProblem(http.StatusNotFound, "There is no such selection: it is older than 15 minutes, or never was. Select anew.")
	case errors.As(err, &invalid):
		return invalidProblem(invalid, filterField(invalid.Field))
	case errors.Is(err, queue.ErrNotReplicated) && sel.Acted.Left == 0:
		return s.refusal(err, "", "")
	case sel.ID != "":
		s.cfg.Log.Warn("an action on many tasks was broken off", "action", sel.Action, "selection", sel.ID, "left", sel.Acted.Left, "error", err)
		return serviceUnavailable(brokenOff(sel))
	}
	return s.away(err, awaySentence)
}

// brokenOff says how far an action came. The last script may have run although its answer was lost.
func brokenOff(sel queue.Selection) string {
	return fmt.Sprintf("It was broken off: of %d tasks at least %d were looked at. Send selection %s with count %d to go on where it stopped.",
		sel.Count, sel.Count-sel.Acted.Left, sel.ID, sel.Count)
}

// filterField is where a field stands in the body.
func filterField(name string) string {
	switch name {
	case "state", "queue", "type", "worker", "q":
		return "body.filter."
	}
	return "body."
}

// bulkAction is an action on many tasks as it was asked for. selection excludes filter.
type bulkAction struct {
	action    queue.Action
	filter    queue.Filter
	selection string
	count     int
	dryRun    bool
}

// decodeAction reads the body strictly; its error is the problem to answer with.
func decodeAction(body []byte) (bulkAction, error) {
	var raw struct {
		Action    queue.Action     `json:"action"`
		Filter    *json.RawMessage `json:"filter"`
		Selection string           `json:"selection"`
		Count     *int             `json:"count"`
		DryRun    bool             `json:"dry_run"`
	}
	if err := decodeStrictly(body, &raw, "body."); err != nil {
		return bulkAction{}, err
	}
	a := bulkAction{action: raw.Action, selection: raw.Selection, dryRun: raw.DryRun}
	if raw.Count != nil {
		a.count = *raw.Count
	}
	if raw.Filter != nil {
		if err := decodeFilter(*raw.Filter, &a.filter); err != nil {
			return bulkAction{}, err
		}
	}
	if wrong := a.check(raw.Filter != nil, raw.Count != nil); wrong != nil {
		return bulkAction{}, invalidProblem(wrong, "body.")
	}
	return a, nil
}

// check finds what is missing or too much. Deleting everything is never one word: it must name what.
func (a bulkAction) check(filtered, counted bool) *queue.InvalidError {
	switch {
	case a.action.From() == nil:
		return &queue.InvalidError{Field: "action", Value: fmt.Sprintf("%q", shorten(string(a.action))), Want: "retry, cancel or delete"}
	case filtered == (a.selection != ""):
		return &queue.InvalidError{Field: "filter", Value: present(filtered), Want: "either filter or selection"}
	case a.dryRun && a.selection != "":
		return &queue.InvalidError{Field: "dry_run", Value: "true", Want: "a filter to try, not a selection"}
	case !a.dryRun && !counted:
		return &queue.InvalidError{Field: "count", Value: "missing", Want: "the number of tasks that you mean; a dry run counts them"}
	case a.action == queue.ActionDelete && filtered && a.filter == queue.Filter{}:
		return &queue.InvalidError{Field: "filter", Value: "empty", Want: "for delete at least one of state, queue, type, worker, q"}
	}
	return nil
}

func present(is bool) string {
	if is {
		return "given beside selection"
	}
	return "missing"
}
