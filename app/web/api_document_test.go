package web

import (
	"encoding/json"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/scheduler"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// work runs the other roles until the test ends.
func (s *site) work() {
	log := slog.New(slog.DiscardHandler)
	s.keep("monitor", monitor.New(s.client, monitor.Config{Log: log}).Run)
	s.keep("worker", workers.New(s.client, workers.Builtin(), workers.Config{Name: "w", Slots: 4, Log: log}).Run)
	s.keep("scheduler", scheduler.New(s.client, scheduler.Config{Log: log}).Run)
}

func TestTheDocumentNamesEveryPathAndField(t *testing.T) {
	s := newSite(t, Config{})
	doc := s.do("GET", "/openapi.json", "").want(t, 200).json(t)
	if doc["openapi"] != "3.1.0" {
		t.Errorf("openapi is %v", doc["openapi"])
	}
	paths := doc["paths"].(map[string]any)
	for path, methods := range map[string][]string{
		"/tasks": {"get", "post"}, "/tasks/batch": {"post"}, "/tasks/{id}": {"get", "delete"}, "/tasks/{id}/attempts": {"get"},
		"/tasks/{id}/retry": {"post"}, "/tasks/{id}/cancel": {"post"}, "/tasks/{id}/run": {"post"},
		"/queues": {"get"}, "/queues/{q}": {"get"}, "/queues/{q}/pause": {"post"}, "/queues/{q}/resume": {"post"},
		"/workers": {"get"}, "/workers/{id}": {"get"}, "/workers/{id}/drain": {"post"}, "/stats": {"get"},
		"/failures": {"get"}, "/failures/{group}/redrive": {"post"}, "/redrives/{id}": {"get"}, "/redrives/{id}/stop": {"post"},
		"/tasks/actions": {"post"}, "/queues/{q}/purge": {"post"}, "/workers/{id}/drill": {"post"}, "/drills/{id}": {"get"},
	} {
		operations, _ := paths["/api/v1"+path].(map[string]any)
		for _, method := range methods {
			if operations[method] == nil {
				t.Errorf("%s %s is missing", method, path)
			}
		}
	}
	schemas := doc["components"].(map[string]any)["schemas"].(map[string]any)
	input := schemas["TaskInput"].(map[string]any)["properties"].(map[string]any)
	for field := range input {
		if !queue.KnownField(field) {
			t.Errorf("TaskInput has %s, which no submit takes", field)
		}
	}
	described := schemas["Task"].(map[string]any)["properties"].(map[string]any)
	s.submit(queue.Task{ID: "T1", Payload: []byte("1")})
	for field := range s.api("GET", "/tasks/T1", "").json(t) {
		if described[field] == nil {
			t.Errorf("Task lacks %s, which every task has", field)
		}
	}
	for _, path := range []string{"/docs", "/schemas/Task.json", "/openapi"} {
		s.do("GET", path, "").want(t, 404)
	}
}

func TestAnswersAreWhatTheDocumentSays(t *testing.T) {
	s := newSite(t, Config{Drills: true})
	s.work()
	s.api("POST", "/tasks", `{"id":"done","payload":{"a":1},"tags":["x"]}`).want(t, 201)
	s.api("POST", "/tasks", `{"id":"later","delay_seconds":60,"retention_seconds":5}`).want(t, 201)
	s.api("POST", "/tasks", `{"id":"failed","type":"fail","payload":{"times":9},"max_attempts":1}`).want(t, 201)
	s.api("POST", "/tasks", `{"id":"running","type":"sleep","payload":{"seconds":60}}`).want(t, 201)
	for id, state := range map[string]string{"done": "completed", "failed": "failed"} {
		if got := s.api("GET", "/tasks/"+id+"?wait=30", "").want(t, 200).json(t)["state"]; got != state {
			t.Errorf("%s is %v; want %s", id, got, state)
		}
	}
	eventually(t, "it runs and says how far", func() bool {
		task := s.api("GET", "/tasks/running", "").json(t)
		return task["state"] == "running" && task["progress"] != nil
	})
	for path, shape := range map[string]reflect.Type{
		"/tasks/done": reflect.TypeFor[taskBody](), "/tasks/later": reflect.TypeFor[taskBody](),
		"/tasks/failed": reflect.TypeFor[taskBody](), "/tasks/running": reflect.TypeFor[taskBody](),
		"/tasks": reflect.TypeFor[page[taskBody]](), "/tasks?limit=1": reflect.TypeFor[page[taskBody]](),
		"/tasks/failed/attempts":  reflect.TypeFor[page[attemptBody]](),
		"/tasks/running/attempts": reflect.TypeFor[page[attemptBody]](),
		"/queues":                 reflect.TypeFor[page[queue.Queue]](), "/queues/default": reflect.TypeFor[queue.Queue](),
		"/workers": reflect.TypeFor[page[queue.Worker]](), "/drills/" + s.drilled(): reflect.TypeFor[queue.Drill](), "/stats": reflect.TypeFor[stats](),
	} {
		for _, problem := range mismatches(t, shape, s.api("GET", path, "").want(t, 200).body) {
			t.Errorf("%s: %s", path, problem)
		}
	}
	s.api("POST", "/tasks/running/cancel", "").want(t, 200)
}

// mismatches holds an answer against the schema of its type, with unknown fields counted as wrong.
func mismatches(t *testing.T, shape reflect.Type, body []byte) []error {
	t.Helper()
	schemas := huma.NewMapRegistry("#/components/schemas/", schemaName)
	schema := schemas.Schema(shape, true, "")
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	var result huma.ValidateResult
	huma.Validate(schemas, schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, v, &result)
	return result.Errors
}

func TestATaskThatNobodyHandlesSaysSo(t *testing.T) {
	s := newSite(t, Config{})
	s.work()
	eventually(t, "a worker is there", func() bool {
		return len(s.api("GET", "/workers", "").want(t, 200).json(t)["items"].([]any)) == 1
	})
	s.api("POST", "/tasks", `{"id":"odd","type":"nobody"}`).want(t, 201)
	eventually(t, "it says why it waits", func() bool {
		waiting, _ := s.api("GET", "/tasks/odd", "").want(t, 200).json(t)["waiting"].(string)
		return strings.Contains(waiting, "handles the type nobody")
	})
}

func TestAWorkerIsDrainedOverTheAPI(t *testing.T) {
	s := newSite(t, Config{})
	s.work()
	var id string
	eventually(t, "a worker is there", func() bool {
		items := s.api("GET", "/workers", "").want(t, 200).json(t)["items"].([]any)
		if len(items) == 1 {
			id = items[0].(map[string]any)["id"].(string)
		}
		return id != ""
	})
	s.api("GET", "/workers/"+id, "").want(t, 200)
	s.api("POST", "/workers/"+id+"/drain", "").want(t, 200)
	eventually(t, "it is gone", func() bool {
		got := s.api("GET", "/workers/"+id, "")
		return got.status == 404 || got.json(t)["state"] == "gone"
	})
	if kept := s.do("GET", "/system_status", "").json(t)["workers"].([]any); len(kept) != 0 {
		t.Errorf("system_status still lists %v", kept)
	}
}
