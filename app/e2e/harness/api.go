package harness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

// API speaks to a QueuePilot as a script would: over HTTP.
type API struct {
	t   testing.TB
	URL string
}

// NewAPI returns an API of the server at url.
func NewAPI(t testing.TB, url string) *API { return &API{t: t, URL: url} }

// Task is what the tests look at in a task's JSON form.
type Task struct {
	ID         string          `json:"id"`
	Type       string          `json:"type"`
	Queue      string          `json:"queue"`
	State      string          `json:"state"`
	Reason     string          `json:"reason"`
	Attempt    int             `json:"attempt"`
	WorkerID   string          `json:"worker_id"`
	Result     json.RawMessage `json:"result"`
	Error      string          `json:"error"`
	CreatedAt  *time.Time      `json:"created_at"`
	StartedAt  *time.Time      `json:"started_at"`
	FinishedAt *time.Time      `json:"finished_at"`
}

// Attempt is what the tests look at in an attempt's JSON form.
type Attempt struct {
	Attempt  int    `json:"attempt"`
	Outcome  string `json:"outcome"`
	WorkerID string `json:"worker_id"`
}

// Worker is what the tests look at in a worker's JSON form.
type Worker struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	State    string `json:"state"`
	Slots    int    `json:"slots"`
	Assigned int    `json:"assigned"`
	Running  int    `json:"running"`
}

// Totals is what the tests look at in the statistics.
type Totals struct {
	Pending        int64 `json:"pending"`
	Running        int64 `json:"running"`
	Completed      int64 `json:"completed"`
	Failed         int64 `json:"failed"`
	SubmittedTotal int64 `json:"submitted_total"`
	CompletedTotal int64 `json:"completed_total"`
}

// New is a task to submit, in its JSON form.
type New map[string]any

// Call sends body as JSON (nothing where it is nil) and returns the status. A 2xx answer is decoded into, where that is
// not nil.
func (a *API) Call(method, path string, body, into any) (int, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return 0, err
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.URL+path, content)
	if err != nil {
		return 0, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || into == nil || res.StatusCode/100 != 2 {
		return res.StatusCode, err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return res.StatusCode, fmt.Errorf("%s %s answered %s: %w", method, path, text, err)
	}
	return res.StatusCode, nil
}

// client never waits for ever: a server that hangs is a failure of the test.
var client = &http.Client{Timeout: Patience}

// must calls, and fails the test unless the answer is 2xx.
func (a *API) must(method, path string, body, into any) {
	a.t.Helper()
	status, err := a.Call(method, path, body, into)
	if err != nil || status/100 != 2 {
		a.t.Fatalf("%s %s: status %d, %v", method, path, status, err)
	}
}

// Submit submits tasks in one call and fails the test unless each is created. It returns their ids.
func (a *API) Submit(tasks ...New) []string {
	a.t.Helper()
	var answer struct {
		Items []struct {
			ID     string
			Status int
			Error  any
		}
	}
	a.must("POST", "/api/v1/tasks/batch", tasks, &answer)
	ids := make([]string, 0, len(tasks))
	for i, item := range answer.Items {
		if item.Status != http.StatusCreated {
			a.t.Fatalf("submit of %v: status %d, %v; want 201", tasks[i], item.Status, item.Error)
		}
		ids = append(ids, item.ID)
	}
	if len(ids) != len(tasks) {
		a.t.Fatalf("submit of %d tasks gave %d answers", len(tasks), len(ids))
	}
	return ids
}

// Task returns a task as it is now.
func (a *API) Task(id string) Task {
	a.t.Helper()
	var task Task
	a.must("GET", "/api/v1/tasks/"+id, nil, &task)
	return task
}

// Attempts returns a task's attempts, the newest last.
func (a *API) Attempts(id string) []Attempt {
	a.t.Helper()
	var page struct{ Items []Attempt }
	a.must("GET", "/api/v1/tasks/"+id+"/attempts", nil, &page)
	return page.Items
}

// Workers returns the workers, by id.
func (a *API) Workers() map[string]Worker {
	a.t.Helper()
	var page struct{ Items []Worker }
	a.must("GET", "/api/v1/workers", nil, &page)
	workers := map[string]Worker{}
	for _, w := range page.Items {
		workers[w.ID] = w
	}
	return workers
}

// Totals returns the statistics of the whole.
func (a *API) Totals() Totals {
	a.t.Helper()
	var stats struct{ Totals Totals }
	a.must("GET", "/api/v1/stats", nil, &stats)
	return stats.Totals
}

// UntilState waits until every task is in the state, and returns them.
func (a *API) UntilState(state string, ids ...string) []Task {
	a.t.Helper()
	return a.UntilTasks("state "+state, func(t Task) bool { return t.State == state }, ids...)
}

// UntilTasks waits until ok holds for every task, and returns them.
func (a *API) UntilTasks(what string, ok func(Task) bool, ids ...string) []Task {
	a.t.Helper()
	tasks := make([]Task, len(ids))
	for i, id := range ids {
		Until(a.t, "task "+id+" has "+what, func() error {
			if tasks[i] = a.Task(id); !ok(tasks[i]) {
				return fmt.Errorf("it is %+v", tasks[i])
			}
			return nil
		})
	}
	return tasks
}

// UntilWorker waits until the worker called name is in the state, and returns it.
func (a *API) UntilWorker(name, state string) Worker {
	a.t.Helper()
	var found Worker
	Until(a.t, "worker "+name+" is "+state, func() error {
		workers := a.Workers()
		for _, w := range workers {
			if w.Name == name && w.State == state {
				found = w
				return nil
			}
		}
		return fmt.Errorf("the workers are %+v", workers)
	})
	return found
}
