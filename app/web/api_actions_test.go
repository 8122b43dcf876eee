package web

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// canceled submits n tasks to a queue and cancels them.
func (s *site) canceled(name string, n int) (ids []string) {
	s.t.Helper()
	for i := range n {
		id := fmt.Sprint(name, "-", i)
		s.submit(queue.Task{ID: id, Queue: name})
		if _, err := s.client.Cancel(s.t.Context(), id); err != nil {
			s.t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// count is how many tasks are in a state.
func (s *site) count(state queue.State) int {
	s.t.Helper()
	page, err := s.client.List(s.t.Context(), queue.Filter{State: state, Limit: queue.MaxPage})
	if err != nil {
		s.t.Fatal(err)
	}
	return len(page.Items)
}

func (a answer) wantNumbers(t *testing.T, want map[string]float64) map[string]any {
	t.Helper()
	got := a.want(t, 200).json(t)
	for field, n := range want {
		if got[field] != n {
			t.Errorf("%s is %v; want %v, in %s", field, got[field], n, a.body)
		}
	}
	return got
}

func TestManyTasksAreMovedWhereTheCountMatches(t *testing.T) {
	s := newSite(t, Config{})
	s.canceled("email", 3)
	s.canceled("other", 2)
	retry := `{"action":"retry","filter":{"state":"canceled","queue":"email"}`
	refused := s.api("POST", "/tasks/actions", retry+`,"count":2}`).want(t, 409).json(t)
	if refused["count"] != 3.0 || !strings.Contains(refused["detail"].(string), "3 tasks match") || s.count(queue.Canceled) != 5 {
		t.Errorf("a wrong count: %v, %d canceled", refused, s.count(queue.Canceled))
	}
	s.api("POST", "/tasks/actions", retry+`,"count":3}`).wantNumbers(t, map[string]float64{"matched": 3, "done": 3, "skipped": 0, "gone": 0})
	s.api("POST", "/tasks/actions", `{"action":"cancel","filter":{},"count":3}`).wantNumbers(t, map[string]float64{"done": 3})
	s.api("POST", "/tasks/actions", `{"action":"delete","filter":{"q":"other-"},"count":2}`).wantNumbers(t, map[string]float64{"done": 2})
	none := s.api("POST", "/tasks/actions", `{"action":"delete","filter":{"state":"failed"},"count":1}`).want(t, 409).json(t)
	if none["count"] != 0.0 {
		t.Errorf("where nothing matches: %v", none)
	}
	if s.count(queue.Canceled) != 3 || s.count(queue.Pending) != 0 {
		t.Errorf("%d canceled, %d pending; want 3 and none", s.count(queue.Canceled), s.count(queue.Pending))
	}
}

func TestADryRunChangesNothingAndItsSelectionIsActedOnOnce(t *testing.T) {
	s := newSite(t, Config{})
	ids := s.canceled("email", 4)
	tried := s.api("POST", "/tasks/actions", `{"action":"retry","filter":{"queue":"email"},"dry_run":true}`).
		wantNumbers(t, map[string]float64{"matched": 4, "done": 0})
	if s.count(queue.Canceled) != 4 || len(tried["sample"].([]any)) != 4 {
		t.Errorf("%d are canceled after %v", s.count(queue.Canceled), tried)
	}
	s.canceled("email", 0)
	s.submit(queue.Task{ID: "late", Queue: "email"})
	for _, err := range []error{
		func() error { _, err := s.client.Cancel(t.Context(), "late"); return err }(),
		s.client.Delete(t.Context(), ids[0]),
		func() error { _, err := s.client.Redrive(t.Context(), ids[1]); return err }(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	selection := fmt.Sprintf(`{"action":"retry","selection":%q,"count":`, tried["selection"])
	refused := s.api("POST", "/tasks/actions", selection+`5}`).want(t, 409).json(t)
	if refused["count"] != 4.0 {
		t.Errorf("a wrong count: %v", refused)
	}
	want := map[string]float64{"matched": 4, "done": 2, "skipped": 1, "gone": 1}
	s.api("POST", "/tasks/actions", selection+`4}`).wantNumbers(t, want)
	if _, err := s.client.Cancel(t.Context(), ids[2]); err != nil {
		t.Fatal(err)
	}
	s.api("POST", "/tasks/actions", selection+`4}`).wantNumbers(t, want)
	if s.count(queue.Canceled) != 2 { // late, which was not selected, and the one canceled since
		t.Errorf("%d are canceled; want 2", s.count(queue.Canceled))
	}
}

func TestAWrongActionGetsAProblemThatHelps(t *testing.T) {
	s := newSite(t, Config{})
	s.canceled("email", 1)
	for body, c := range map[string]struct {
		status         int
		says, location string
	}{
		`{"action":"retry"`:                    {400, "not JSON", ""},
		`{"action":"retry"} {}`:                {400, "not JSON", ""},
		`[]`:                                   {422, "JSON array", "body"},
		`null`:                                 {422, "action", "body.action"},
		`{"action":"run","filter":{}}`:         {422, `action is "run"`, "body.action"},
		`{"action":"retry","count":1}`:         {422, "filter is missing", "body.filter"},
		`{"action":"retry","filter":{}}`:       {422, "count is missing", "body.count"},
		`{"action":"retry","selection":"x"}`:   {422, "count is missing", "body.count"},
		`{"action":"retry","filter":7}`:        {422, "JSON number", "body"},
		`{"action":"retry","cuont":1}`:         {422, "cuont", "body.cuont"},
		`{"action":"retry","dry_run":"yes"}`:   {422, "dry_run is a JSON string; wanted: true or false", "body.dry_run"},
		`{"action":"retry","filter":{"id":1}}`: {422, "id is an unknown field", "body.filter.id"},
		`{"action":"retry","filter":{},"selection":"x","count":1}`:       {422, "either filter or selection", "body.filter"},
		`{"action":"retry","selection":"x","dry_run":true,"count":1}`:    {422, "dry_run", "body.dry_run"},
		`{"action":"retry","selection":"x","count":1}`:                   {404, "Select anew", ""},
		`{"action":"delete","filter":{},"count":1}`:                      {422, "filter is empty", "body.filter"},
		`{"action":"delete","filter":{},"dry_run":true}`:                 {422, "filter is empty", "body.filter"},
		`{"action":"retry","filter":{},"count":"1"}`:                     {422, "count is a JSON string; wanted: a whole number", "body.count"},
		`{"action":"retry","filter":{"state":"completed"},"count":1}`:    {422, "from which retry exists", "body.filter.state"},
		`{"action":"delete","filter":{"state":"running"},"count":1}`:     {422, "from which delete exists", "body.filter.state"},
		`{"action":"delete","filter":{"queue":"a b"},"dry_run":true}`:    {422, `queue is "a b"`, "body.filter.queue"},
		`{"action":"retry","filter":{"q":"` + "*" + `"},"dry_run":true}`: {422, "q is", "body.filter.q"},
	} {
		got := s.api("POST", "/tasks/actions", body)
		var p problem
		if err := json.Unmarshal(got.body, &p); err != nil || got.status != c.status || !strings.Contains(p.Detail, c.says) {
			t.Errorf("%s: %d %s; want %d with %q", body, got.status, got.body, c.status, c.says)
		}
		if c.location != "" && (len(p.Errors) == 0 || p.Errors[0].Location != c.location) {
			t.Errorf("%s: errors %+v; want one at %s", body, p.Errors, c.location)
		}
	}
	s.do("POST", "/api/v1/tasks/actions", `a=1`, "Content-Type", "application/x-www-form-urlencoded").want(t, 415)
	if s.count(queue.Canceled) != 1 {
		t.Errorf("a refused request changed something")
	}
}

func TestAQueueIsPurgedOfWhatWaits(t *testing.T) {
	s := newSite(t, Config{})
	s.submit(queue.Task{ID: "a", Queue: "email"}, queue.Task{ID: "b", Queue: "email"}, queue.Task{ID: "c", Queue: "other"},
		queue.Task{ID: "later", Queue: "email", Delay: 1e12})
	s.canceled("email", 1)
	if refused := s.api("POST", "/queues/email/purge", `{"count":3}`).want(t, 409).json(t); refused["count"] != 2.0 {
		t.Errorf("a wrong count: %v", refused)
	}
	s.api("POST", "/queues/email/purge", `{"cuont":3}`).want(t, 422)
	s.api("POST", "/queues/email/purge", `{"count":"3"}`).want(t, 422)
	s.api("POST", "/queues/none/purge", ``).want(t, 404)
	s.api("POST", "/queues/a%20b/purge", ``).want(t, 422)
	s.api("POST", "/queues/email/purge", `{"count":2}`).wantNumbers(t, map[string]float64{"deleted": 2})
	s.do("POST", "/api/v1/queues/other/purge", "").wantNumbers(t, map[string]float64{"deleted": 1}) // curl -X POST
	s.api("POST", "/queues/email/purge", `{}`).wantNumbers(t, map[string]float64{"deleted": 0})
	if s.count(queue.Pending) != 0 || s.count(queue.Scheduled) != 1 || s.count(queue.Canceled) != 1 {
		t.Errorf("%d pending, %d scheduled, %d canceled", s.count(queue.Pending), s.count(queue.Scheduled), s.count(queue.Canceled))
	}
}
