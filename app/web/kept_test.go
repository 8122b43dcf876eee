package web

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

// The Python system's own client: twenty threads submit T001 to T020.
func TestThePythonClientsUsageWorksUnchanged(t *testing.T) {
	s := newSite(t, Config{})
	var threads sync.WaitGroup
	for n := 1; n <= 20; n++ {
		threads.Go(func() {
			id := fmt.Sprintf("T%03d", n)
			body := fmt.Sprintf(`{"task":{"id":%q,"payload":"Random number: %d"}}`, id, 1000+n)
			got := s.do("POST", "/submit_task", body, "Content-Type", "application/json")
			want := "Task " + id + " submitted successfully!"
			if message := got.json(t)["message"]; got.status != 200 || message != want {
				t.Errorf("%s: got %d %v; want 200 %s", id, got.status, message, want)
			}
		})
	}
	threads.Wait()

	status := s.do("GET", "/queue_status", "").want(t, 200).json(t)
	if status["queue_size"] != 20.0 {
		t.Errorf("queue_size is %v; want 20", status["queue_size"])
	}
	payloads := map[string]any{}
	for _, item := range status["tasks"].([]any) {
		task := item.(map[string]any)
		payloads[task["id"].(string)] = task["payload"]
		if task["location"] != "task_queue" {
			t.Errorf("%v stands at %v; want task_queue", task["id"], task["location"])
		}
	}
	if len(payloads) != 20 || payloads["T007"] != "Random number: 1007" {
		t.Errorf("tasks are %v", payloads)
	}
	if diff := cmp.Diff([]any{}, status["failed_tasks"]); diff != "" {
		t.Errorf("failed_tasks: -want +got\n%s", diff)
	}
	system := s.do("GET", "/system_status", "").want(t, 200).json(t)
	if diff := cmp.Diff([]any{}, system["workers"]); diff != "" || system["queue_size"] != 20.0 {
		t.Errorf("system_status: workers -want +got\n%s queue_size %v", diff, system["queue_size"])
	}
}

func TestKeptSubmitTakesAnyPayloadAndFurtherFields(t *testing.T) {
	s := newSite(t, Config{})
	for name, c := range map[string]struct {
		task string
		want func(*queue.Task) bool
	}{
		"text":          {`{"id":"a","payload":"7"}`, func(t *queue.Task) bool { return string(t.Payload) == `"7"` }},
		"number":        {`{"id":"b","payload":0}`, func(t *queue.Task) bool { return string(t.Payload) == `0` }},
		"object":        {`{"id":"c","payload":{"x":[1]}}`, func(t *queue.Task) bool { return string(t.Payload) == `{"x":[1]}` }},
		"API fields":    {`{"id":"d","payload":1,"queue":"q","priority":9}`, func(t *queue.Task) bool { return t.Queue == "q" && *t.Priority == 9 }},
		"unknown field": {`{"id":"e","payload":1,"colour":"red"}`, func(t *queue.Task) bool { return t.Queue == "default" }},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.do("POST", "/submit_task", `{"task":`+c.task+`,"from":"script"}`).want(t, 200).json(t)
			task, err := s.client.Get(t.Context(), got["task_id"].(string))
			if err != nil || !c.want(task) {
				t.Errorf("stored %+v, %v", task, err)
			}
		})
	}
}

func TestKeptEndpointsRefuseInTheirOwnShape(t *testing.T) {
	s := newSite(t, Config{})
	s.do("POST", "/submit_task", `{"task":{"id":"T1","payload":"a"}}`).want(t, 200)
	s.do("POST", "/submit_task", `{"task":{"id":"T1","payload":"a"}}`).want(t, 200)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		says               string
	}{
		"no body":             {"POST", "/submit_task", "", 400, "not JSON"},
		"not JSON":            {"POST", "/submit_task", "task=1", 400, "not JSON"},
		"a list":              {"POST", "/submit_task", "[]", 400, "The body is a JSON array"},
		"no task":             {"POST", "/submit_task", "{}", 400, "no task"},
		"null task":           {"POST", "/submit_task", `{"task":null}`, 400, "no task"},
		"task is a text":      {"POST", "/submit_task", `{"task":"T1"}`, 400, "task is a JSON string"},
		"twice, and last bad": {"POST", "/submit_task", `{"task":{"id":"T2","payload":1},"task":"T1"}`, 400, "task is a JSON string"},
		"no id":               {"POST", "/submit_task", `{"task":{"payload":"a"}}`, 400, "no id"},
		"empty id":            {"POST", "/submit_task", `{"task":{"id":"","payload":"a"}}`, 400, "no id"},
		"bad id":              {"POST", "/submit_task", `{"task":{"id":"a b","payload":"a"}}`, 400, "task.id"},
		"id is a number":      {"POST", "/submit_task", `{"task":{"id":5,"payload":"a"}}`, 400, "task.id is 5"},
		"no payload":          {"POST", "/submit_task", `{"task":{"id":"T2"}}`, 400, "no payload"},
		"empty payload":       {"POST", "/submit_task", `{"task":{"id":"T2","payload":""}}`, 400, "no payload"},
		"null payload":        {"POST", "/submit_task", `{"task":{"id":"T2","payload":null}}`, 400, "no payload"},
		"bad field":           {"POST", "/submit_task", `{"task":{"id":"T2","payload":1,"priority":10}}`, 400, "task.priority is 10"},
		"other payload":       {"POST", "/submit_task", `{"task":{"id":"T1","payload":"b"}}`, 409, "another payload"},
		"too large":           {"POST", "/submit_task", `{"task":{"id":"T2","payload":"` + strings.Repeat("x", submitLimit) + `"}}`, 413, "1.1 MiB"},
		"far too large":       {"POST", "/submit_task", strings.Repeat("x", bodyLimit+1), 413, "16 MiB"},
		"GET of submit":       {"GET", "/submit_task", "", 405, "POST"},
		"POST of a status":    {"POST", "/queue_status", "", 405, "GET"},
		"PUT of a status":     {"PUT", "/system_status", "", 405, "GET"},
		"DELETE of health":    {"DELETE", "/healthz", "", 405, "GET"},
		"limit is no number":  {"GET", "/queue_status?limit=x", "", 400, "limit is x"},
		"limit is 0":          {"GET", "/queue_status?limit=0", "", 400, "limit is 0"},
		"limit is large":      {"GET", "/system_status?limit=1001", "", 400, "limit is 1001"},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.do(c.method, c.path, c.body).want(t, c.status)
			fields := got.json(t)
			text, _ := fields["error"].(string)
			if len(fields) != 1 || !strings.Contains(text, c.says) {
				t.Errorf(`got %s; want {"error": "…%s…"}`, got.body, c.says)
			}
		})
	}
	if status := s.do("GET", "/queue_status", "").json(t); status["queue_size"] != 1.0 {
		t.Errorf("queue_size is %v after refusals; want 1", status["queue_size"])
	}
}

// It is so whatever else stands in the body, and however the name is written.
func TestOfTwoTasksInABodyTheLastCounts(t *testing.T) {
	for _, body := range []string{
		`{"task":{"id":"T1"},"task":{"id":"T2","payload":1}}`,
		`{"task":{"id":"T1"},"task":{"id":"T2","payload":1},"x":1}`,
		`{"task":{"payload":2},"Task":{"id":"T1","id":"T2","payload":1}}`,
	} {
		task, err := decodeKept([]byte(body))
		if err != nil || task.ID != "T2" || string(task.Payload) != "1" {
			t.Errorf("%s is read as %s %s, %v", body, task.ID, task.Payload, err)
		}
	}
}

func TestQueueStatusListsUpToItsLimitAndCountsAll(t *testing.T) {
	s := newSite(t, Config{})
	for n := range 150 {
		s.submit(queue.Task{ID: fmt.Sprintf("T%03d", n), Payload: []byte("1")})
	}
	for query, want := range map[string]int{"": 100, "?limit=3": 3, "?limit=1000": 150} {
		status := s.do("GET", "/queue_status"+query, "").want(t, 200).json(t)
		if got := len(status["tasks"].([]any)); got != want || status["queue_size"] != 150.0 {
			t.Errorf("%q: %d tasks of %v; want %d of 150", query, got, status["queue_size"], want)
		}
	}
}

func TestWithRedisAwayEveryEndpointSaysSoAndGoesOnByItself(t *testing.T) {
	s := newSite(t, Config{})
	s.do("GET", "/readyz", "").want(t, 200)
	s.redis.Stop()
	for _, c := range []struct{ method, path, body string }{
		{"POST", "/submit_task", `{"task":{"id":"T1","payload":"a"}}`},
		{"GET", "/queue_status", ""},
		{"GET", "/system_status", ""},
		{"GET", "/readyz", ""},
	} {
		got := s.do(c.method, c.path, c.body).want(t, 503)
		if got.json(t)["error"] == nil || got.header.Get("Retry-After") == "" {
			t.Errorf("%s: got %s, Retry-After %q", c.path, got.body, got.header.Get("Retry-After"))
		}
	}
	for _, path := range []string{"/tasks", "/tasks/T1", "/tasks/T1?wait=1", "/tasks/T1/attempts", "/queues", "/queues/q", "/workers", "/workers/w", "/stats"} {
		got := s.api("GET", path, "").want(t, 503)
		if got.json(t)["detail"] != awaySentence || got.header.Get("Retry-After") == "" {
			t.Errorf("%s: got %s, Retry-After %q", path, got.body, got.header.Get("Retry-After"))
		}
	}
	for path, body := range map[string]string{
		"/tasks": `{"payload":1}`, "/tasks/batch": `[{"payload":1}]`, "/tasks/T1/retry": "", "/tasks/T1/cancel": "",
		"/tasks/T1/run": "", "/queues/q/pause": "", "/queues/q/resume": "", "/workers/w/drain": "",
	} {
		s.api("POST", path, body).want(t, 503)
	}
	s.do("GET", "/healthz", "").want(t, 200)
	s.redis.Start()
	eventually(t, "ready again", func() bool { return s.do("GET", "/readyz", "").status == 200 })
	s.do("POST", "/submit_task", `{"task":{"id":"T1","payload":"a"}}`).want(t, 200)
}

func TestWhatRedisRefusesIsNotToldAsSilence(t *testing.T) {
	s := newSite(t, Config{})
	for _, c := range []struct {
		sentence  string
		set, heal []any
	}{
		{fullSentence, []any{"CONFIG", "SET", "maxmemory", "1"}, []any{"CONFIG", "SET", "maxmemory", "0"}},
		{refusedSentence, []any{"REPLICAOF", "127.0.0.1", "1"}, []any{"REPLICAOF", "NO", "ONE"}},
	} {
		admin := redistest.Open(t, s.redis.URL())
		redistest.Must(t, admin.Do(t.Context(), c.set...).Err())
		if got := s.do("POST", "/submit_task", `{"task":{"id":"T1","payload":"a"}}`).want(t, 503).json(t); got["error"] != c.sentence+sameIDs {
			t.Errorf("%v: /submit_task says %v", c.set, got)
		}
		if got := s.api("POST", "/tasks", `{"id":"T1","payload":"a"}`).want(t, 503).json(t); got["detail"] != c.sentence+sameIDs {
			t.Errorf("%v: the API says %v", c.set, got)
		}
		if got := s.api("POST", "/queues/q/pause", "").want(t, 503).json(t); got["detail"] != c.sentence {
			t.Errorf("%v: a pause says %v", c.set, got)
		}
		redistest.Must(t, admin.Do(t.Context(), c.heal...).Err())
	}
	eventually(t, "it is taken again", func() bool {
		return s.do("POST", "/submit_task", `{"task":{"id":"T1","payload":"a"}}`).status == 200
	})
}

func TestKeptWorkersAreTheLiveOnes(t *testing.T) {
	beat := queue.Time{Time: time.UnixMilli(1_800_000_000_250)}
	got := keptWorkers([]queue.Worker{
		{ID: "a-1", State: queue.WorkerReady, LastHeartbeatAt: beat},
		{ID: "b-1", State: queue.WorkerDraining, LastHeartbeatAt: beat, CurrentTasks: []queue.CurrentTask{{ID: "T1"}, {ID: "T2"}}},
		{ID: "c-1", State: queue.WorkerLost, LastHeartbeatAt: beat},
		{ID: "d-1", State: queue.WorkerGone, LastHeartbeatAt: beat},
	})
	want := []keptWorker{
		{"a-1", "idle", "", 1.8e9 + 0.25},
		{"b-1", "processing", "T1", 1.8e9 + 0.25},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestHealthSaysTheVersion(t *testing.T) {
	got := newSite(t, Config{}).do("GET", "/healthz", "").want(t, http.StatusOK).json(t)
	if diff := cmp.Diff(map[string]any{"status": "ok", "version": "test"}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
