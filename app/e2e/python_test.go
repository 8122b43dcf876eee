package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
)

// The answers of the endpoints kept from the Python system, as its pages and scripts read them.
type (
	keptTask struct {
		ID       string `json:"id"`
		Payload  any    `json:"payload"`
		Location string `json:"location"`
	}
	keptQueue struct {
		Size   *int       `json:"queue_size"`
		Tasks  []keptTask `json:"tasks"`
		Failed []keptTask `json:"failed_tasks"`
	}
	keptSystem struct {
		keptQueue
		Workers []struct {
			ID            string  `json:"worker_id"`
			Status        string  `json:"status"`
			CurrentTask   *string `json:"current_task_id"`
			LastHeartbeat float64 `json:"last_heartbeat"`
		} `json:"workers"`
	}
)

// check says what is wrong with a poll's answer.
func (q keptQueue) check() error {
	if q.Size == nil || q.Tasks == nil || q.Failed == nil {
		return fmt.Errorf("a field is missing: %+v", q)
	}
	for _, task := range q.Tasks {
		if task.ID == "" || (task.Location != "task_queue" && !strings.HasPrefix(task.Location, "processing:")) {
			return fmt.Errorf("a task is %+v", task)
		}
	}
	return nil
}

func (s keptSystem) check() error {
	for _, w := range s.Workers {
		if w.ID == "" || (w.Status != "idle" && w.Status != "processing") || w.CurrentTask == nil || w.LastHeartbeat < 1.7e9 {
			return fmt.Errorf("a worker is %+v", w)
		}
		if (w.Status == "idle") != (*w.CurrentTask == "") {
			return fmt.Errorf("worker %s is %s with task %q", w.ID, w.Status, *w.CurrentTask)
		}
	}
	return s.keptQueue.check()
}

// TestThePythonSystemsWayOfUseWorksUnchanged runs its submit script (20 threads), its dashboard's poll of /queue_status
// and its worker page's poll of /system_status, all at once.
func TestThePythonSystemsWayOfUseWorksUnchanged(t *testing.T) {
	t.Parallel()
	const threads, each = 20, 25
	api := harness.NewAPI(t, harness.Start(t, "serve", "serve",
		"--addr", "127.0.0.1:0", "--data-dir", t.TempDir(), "--worker-index", "3").URL())
	api.UntilReady()

	stop := make(chan struct{})
	var pollers, submitters sync.WaitGroup
	pollers.Go(func() { poll(t, stop, func() error { return pollQueue(api) }) })
	pollers.Go(func() { poll(t, stop, func() error { return pollSystem(api) }) })
	for thread := range threads {
		submitters.Go(func() {
			for i := range each {
				submitKept(t, api, fmt.Sprintf("T%03d", thread*each+i))
			}
		})
	}
	submitters.Wait()
	harness.Until(t, "the queue is empty", func() error {
		var answer keptQueue
		if _, err := api.Call("GET", "/queue_status", nil, &answer); err != nil || answer.Size == nil || *answer.Size != 0 {
			return fmt.Errorf("%+v, %w", answer, err)
		}
		return nil
	})
	close(stop)
	pollers.Wait()

	if totals := api.Totals(); totals.CompletedTotal != threads*each || totals.Failed != 0 {
		t.Errorf("totals %+v; want %d completed", totals, threads*each)
	}
	if task := api.Task("T001"); task.State != "completed" || !strings.HasPrefix(task.WorkerID, "Worker-3") {
		t.Errorf("T001 is %+v; want completed by Worker-3", task)
	}
}

func submitKept(t *testing.T, api *harness.API, id string) {
	var answer struct{ Message string }
	status, err := api.Call("POST", "/submit_task", kept(id, "Random number: 1234"), &answer)
	if want := "Task " + id + " submitted successfully!"; err != nil || status != http.StatusOK || answer.Message != want {
		t.Errorf("submit of %s: %d %q, %v; want 200 %q", id, status, answer.Message, err, want)
	}
}

// poll asks until stop is closed, and then once more.
func poll(t *testing.T, stop <-chan struct{}, ask func() error) {
	for {
		if err := ask(); err != nil {
			t.Error(err)
			return
		}
		select {
		case <-stop:
			return
		default:
		}
	}
}

func pollQueue(api *harness.API) error {
	var answer keptQueue
	if status, err := api.Call("GET", "/queue_status", nil, &answer); err != nil || status != http.StatusOK {
		return fmt.Errorf("poll of /queue_status: %d, %w", status, err)
	}
	return answer.check()
}

func pollSystem(api *harness.API) error {
	var answer keptSystem
	if status, err := api.Call("GET", "/system_status", nil, &answer); err != nil || status != http.StatusOK {
		return fmt.Errorf("poll of /system_status: %d, %w", status, err)
	}
	return answer.check()
}
