package web

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

func TestSubmitCreatesOnceAndTellsConflictsApart(t *testing.T) {
	s := newSite(t, Config{})
	first := s.api("POST", "/tasks", `{"id":"T1","type":"sleep","payload":{"seconds":1},"priority":7,"max_retries":2,"tags":["a"]}`).want(t, 201)
	if got := first.header.Get("Location"); got != "/api/v1/tasks/T1" {
		t.Errorf("Location is %q", got)
	}
	task := first.json(t)
	for field, want := range map[string]any{
		"id": "T1", "type": "sleep", "queue": "default", "payload": map[string]any{"seconds": 1.0}, "priority": 7.0,
		"max_attempts": 3.0, "state": "pending", "attempt": 0.0, "tags": []any{"a"}, "result": nil, "error": nil,
	} {
		if diff := cmp.Diff(want, task[field]); diff != "" {
			t.Errorf("%s: -want +got\n%s", field, diff)
		}
	}
	s.api("POST", "/tasks", `{"id":"T1","payload":{"seconds": 1}}`).want(t, 200)
	conflict := s.api("POST", "/tasks", `{"id":"T1","payload":2}`).want(t, 409).json(t)
	if conflict["holder"] != "T1" {
		t.Errorf("the conflict names holder %v; want T1", conflict["holder"])
	}
	given := s.do("POST", "/api/v1/tasks", `{"payload":1}`).want(t, 201).json(t) // no Content-Type at all
	if id, _ := given["id"].(string); len(id) != 36 {
		t.Errorf("a task without id got %q; want a UUID", id)
	}
}

func TestWrongRequestsGetAProblemThatHelps(t *testing.T) {
	s := newSite(t, Config{})
	s.submit(queue.Task{ID: "P1", Payload: []byte("1")})
	jsonBody := []string{"Content-Type", "application/json"}
	for name, c := range map[string]struct {
		method, path, body string
		headers            []string
		status             int
		says, location     string
	}{
		"malformed":          {"POST", "/tasks", `{"payload":`, jsonBody, 400, "not JSON", ""},
		"two values":         {"POST", "/tasks", `{} {}`, jsonBody, 400, "not JSON", ""},
		"no body":            {"POST", "/tasks", ``, jsonBody, 400, "body", ""},
		"a list":             {"POST", "/tasks", `[]`, jsonBody, 422, "body is JSON array", "body"},
		"unknown field":      {"POST", "/tasks", `{"priorty":1}`, jsonBody, 422, "priorty", "body.priorty"},
		"wrong type":         {"POST", "/tasks", `{"type":5}`, jsonBody, 422, "type is 5", "body.type"},
		"out of range":       {"POST", "/tasks", `{"max_attempts":0}`, jsonBody, 422, "max_attempts is 0", "body.max_attempts"},
		"bad id":             {"POST", "/tasks", `{"id":"a b"}`, jsonBody, 422, `id is "a b"`, "body.id"},
		"delay and run_at":   {"POST", "/tasks", `{"delay_seconds":1,"run_at":"2030-01-01T00:00:00Z"}`, jsonBody, 422, "not both", "body.run_at"},
		"large payload":      {"POST", "/tasks", `{"payload":"` + strings.Repeat("x", queue.MaxPayload) + `"}`, jsonBody, 413, "1 MiB", "body.payload"},
		"large body":         {"POST", "/tasks", `{"payload":"` + strings.Repeat("x", submitLimit) + `"}`, jsonBody, 413, "1.1 MiB", ""},
		"deep payload":       {"POST", "/tasks", `{"payload":` + strings.Repeat("[", 101) + strings.Repeat("]", 101) + `}`, jsonBody, 422, "100 deep", "body.payload"},
		"form":               {"POST", "/tasks", `payload=1`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "application/json", ""},
		"other charset":      {"POST", "/tasks", `{}`, []string{"Content-Type", "application/json; charset=latin1"}, 415, "latin1", ""},
		"batch no list":      {"POST", "/tasks/batch", `{"payload":1}`, jsonBody, 422, "an array", ""},
		"batch malformed":    {"POST", "/tasks/batch", `[{"payload":1},`, jsonBody, 400, "not JSON", ""},
		"batch no body":      {"POST", "/tasks/batch", ``, jsonBody, 400, "body", ""},
		"batch too long":     {"POST", "/tasks/batch", "[1" + strings.Repeat(",1", queue.MaxBatch) + "]", jsonBody, 413, "10001", ""},
		"batch text":         {"POST", "/tasks/batch", `[]`, []string{"Content-Type", "text/plain"}, 415, "application/json", ""},
		"unknown task":       {"GET", "/tasks/none", ``, nil, 404, "no task none", ""},
		"unknown task waits": {"GET", "/tasks/none?wait=1", ``, nil, 404, "no task none", ""},
		"bad path id":        {"GET", "/tasks/a%20b", ``, nil, 422, `id is "a b"`, "path.id"},
		"escaped slash":      {"GET", "/tasks/a%2Fb", ``, nil, 422, `id is "a/b"`, "path.id"},
		"wait too long":      {"GET", "/tasks/P1?wait=61", ``, nil, 422, "wait", "query.wait"},
		"wait is a word":     {"GET", "/tasks/P1?wait=long", ``, nil, 422, "wait is long", "query.wait"},
		"limit too large":    {"GET", "/tasks?limit=1001", ``, nil, 422, "limit", "query.limit"},
		"unknown state":      {"GET", "/tasks?state=done", ``, nil, 422, "state is done", "query.state"},
		"unknown parameter":  {"GET", "/tasks?stat=failed", ``, nil, 422, "stat is no parameter", "query.stat"},
		"state twice":        {"GET", "/tasks?state=failed&queue=q&state=completed", ``, nil, 422, "state is given twice", "query.state"},
		"bad cursor":         {"GET", "/tasks?after=%00", ``, nil, 422, "after", "query.after"},
		"unknown attempts":   {"GET", "/tasks/none/attempts", ``, nil, 404, "no task none", ""},
		"retry unknown":      {"POST", "/tasks/none/retry", ``, nil, 404, "no task none", ""},
		"retry pending":      {"POST", "/tasks/P1/retry", ``, nil, 409, "P1 is pending", ""},
		"delete unknown":     {"DELETE", "/tasks/none", ``, nil, 404, "no task none", ""},
		"unknown queue":      {"GET", "/queues/none", ``, nil, 404, "no queue none", ""},
		"bad queue":          {"POST", "/queues/a%20b/pause", ``, nil, 422, `q is "a b"`, "path.q"},
		"unknown worker":     {"GET", "/workers/none", ``, nil, 404, "no worker none", ""},
		"drain unknown":      {"POST", "/workers/none/drain", ``, nil, 404, "none", ""},
		"unknown path":       {"GET", "/task", ``, nil, 404, "/api/v1/task", ""},
		"double slash":       {"GET", "//tasks", ``, nil, 404, "Nothing", ""},
		"other case":         {"GET", "/Tasks", ``, nil, 404, "Nothing", ""},
		"wrong method":       {"PUT", "/tasks", ``, nil, 405, "GET", ""},
		"browser asks API":   {"GET", "/nothing", ``, []string{"Accept", "text/html"}, 404, "Nothing", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.do(c.method, "/api/v1"+c.path, c.body, c.headers...).want(t, c.status)
			if ct := got.header.Get("Content-Type"); ct != problemType {
				t.Errorf("Content-Type is %q; want %q", ct, problemType)
			}
			var p problem
			if err := json.Unmarshal(got.body, &p); err != nil {
				t.Fatal(err)
			}
			if p.Status != c.status || p.Title == "" || !strings.Contains(p.Detail, c.says) {
				t.Errorf("got %+v; want status %d, a title, and a detail with %q", p, c.status, c.says)
			}
			if c.location != "" && (len(p.Errors) == 0 || p.Errors[0].Location != c.location || p.Errors[0].Message == "") {
				t.Errorf("got errors %s; want one at %s", got.body, c.location)
			}
			if c.status == 405 && !strings.Contains(got.header.Get("Allow"), "POST") {
				t.Errorf("Allow is %q", got.header.Get("Allow"))
			}
		})
	}
}

func TestABatchAnswersForEachItemInItsOrder(t *testing.T) {
	s := newSite(t, Config{})
	lines := []string{`{"id":"a","payload":1}`, `{"id":"b","nonsense":1}`, `{"id":"a","payload":1}`, `{"id":"a","payload":2}`, `5`, `{"id":"c","payload":null}`}
	want := []batchItem{{"a", 201, ""}, {"b", 422, "nonsense"}, {"a", 200, ""}, {"a", 409, "another payload"}, {"", 422, "body"}, {"c", 201, ""}}
	check := func(t *testing.T, got answer, want []batchItem) {
		t.Helper()
		var answered struct{ Items []batchItem }
		if err := json.Unmarshal(got.want(t, 200).body, &answered); err != nil || len(answered.Items) != len(want) {
			t.Fatalf("got %s (%v); want %d items", got.body, err, len(want))
		}
		for i, item := range answered.Items {
			if item.ID != want[i].ID || item.Status != want[i].Status || !strings.Contains(item.Error, want[i].Error) {
				t.Errorf("item %d is %+v; want %+v", i, item, want[i])
			}
		}
	}
	t.Run("array", func(t *testing.T) {
		check(t, s.api("POST", "/tasks/batch", "["+strings.Join(lines, ",")+"]"), want)
	})
	t.Run("lines", func(t *testing.T) {
		body := strings.Join(append(lines, `{"id":`), "\r\n\n")
		again := append([]batchItem{}, want...)
		again[0].Status, again[5].Status = 200, 200
		check(t, s.do("POST", "/api/v1/tasks/batch", body, "Content-Type", "application/x-ndjson"),
			append(again, batchItem{"", 422, "not JSON"}))
	})
	t.Run("empty", func(t *testing.T) { check(t, s.api("POST", "/tasks/batch", "[]"), nil) })
}

func TestALargeBatchIsTakenWhole(t *testing.T) {
	s := newSite(t, Config{})
	var body strings.Builder
	for n := range queue.MaxBatch {
		fmt.Fprintf(&body, "{\"id\":\"T%05d\",\"payload\":%q}\n", n, strings.Repeat("x", 500))
	}
	got := s.do("POST", "/api/v1/tasks/batch", body.String(), "Content-Type", "application/x-ndjson").want(t, 200)
	if n := strings.Count(string(got.body), `"status":201`); n != queue.MaxBatch {
		t.Errorf("%d tasks were created; want %d", n, queue.MaxBatch)
	}
	if q := s.api("GET", "/queues/default", "").want(t, 200).json(t); q["pending"] != 10000.0 {
		t.Errorf("pending is %v; want 10000", q["pending"])
	}
}

func TestListsComeInPagesAndFilter(t *testing.T) {
	s := newSite(t, Config{})
	for n := range 5 {
		s.submit(queue.Task{ID: fmt.Sprintf("T%d", n), Queue: []string{"even", "odd"}[n%2], Payload: []byte("1")})
	}
	ids := func(query string) (list []string, next any) {
		page := s.api("GET", "/tasks"+query, "").want(t, 200).json(t)
		for _, item := range page["items"].([]any) {
			list = append(list, item.(map[string]any)["id"].(string))
		}
		return list, page["next"]
	}
	var all []string
	for after := ""; ; {
		list, next := ids("?limit=2" + after)
		all = append(all, list...)
		if next == nil {
			break
		}
		after = "&after=" + next.(string)
	}
	if diff := cmp.Diff([]string{"T4", "T3", "T2", "T1", "T0"}, all); diff != "" {
		t.Errorf("all pages: -want +got\n%s", diff)
	}
	odd, next := ids("?state=pending&queue=odd")
	if len(odd) != 2 || next != nil {
		t.Errorf("odd ones are %v, next %v; want T1 and T3, no next", odd, next)
	}
	if none, _ := ids("?state=failed"); len(none) != 0 {
		t.Errorf("failed ones are %v", none)
	}
}

func TestATasksVerbs(t *testing.T) {
	s := newSite(t, Config{})
	s.submit(queue.Task{ID: "T1", Payload: []byte("1"), Delay: time.Hour})
	for _, c := range []struct {
		method, path string
		status       int
		state        string
	}{
		{"GET", "/tasks/T1", 200, "scheduled"},
		{"HEAD", "/tasks/T1", 200, ""},
		{"POST", "/tasks/T1/run", 200, "pending"},
		{"POST", "/tasks/T1/run", 200, "pending"},
		{"POST", "/tasks/T1/cancel", 200, "canceled"},
		{"POST", "/tasks/T1/cancel", 409, ""},
		{"POST", "/tasks/T1/run", 409, ""},
		{"GET", "/tasks/T1?wait=30", 200, "canceled"},
		{"POST", "/tasks/T1/retry", 200, "pending"},
		{"GET", "/tasks/T1?wait=0.05", 200, "pending"},
		{"GET", "/tasks/T1/attempts", 200, ""},
		{"DELETE", "/tasks/T1", 204, ""},
		{"DELETE", "/tasks/T1", 404, ""},
	} {
		got := s.api(c.method, c.path, "").want(t, c.status)
		if c.state != "" && got.json(t)["state"] != c.state {
			t.Errorf("%s %s: state %v; want %s", c.method, c.path, got.json(t)["state"], c.state)
		}
	}
}

func TestQueuesPauseAndResume(t *testing.T) {
	s := newSite(t, Config{})
	s.submit(queue.Task{Queue: "mail", Payload: []byte("1")})
	for _, c := range []struct {
		path   string
		paused bool
	}{{"/queues/mail/pause", true}, {"/queues/mail/pause", true}, {"/queues/mail/resume", false}, {"/queues/new/resume", false}, {"/queues/new/pause", true}} {
		if got := s.api("POST", c.path, "").want(t, 200).json(t); got["paused"] != c.paused {
			t.Errorf("%s: paused is %v; want %v", c.path, got["paused"], c.paused)
		}
	}
	list := s.api("GET", "/queues", "").want(t, 200).json(t)
	if len(list["items"].([]any)) < 1 || list["next"] != nil {
		t.Errorf("queues are %v", list)
	}
	stats := s.api("GET", "/stats", "").want(t, 200).json(t)
	if stats["totals"].(map[string]any)["pending"] != 1.0 || stats["rates"] == nil || stats["at"] == nil {
		t.Errorf("stats are %v", stats)
	}
}
