package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// answerOf sends a request without a body and reads the JSON of its answer.
func answerOf[T any](t *testing.T, method, url string) (status int, v T) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		t.Fatalf("%s %s: %q: %v", method, url, text, err)
	}
	return resp.StatusCode, v
}

// liveWorker is the id of the only worker that is ready, "" where there is none.
func liveWorker(t *testing.T, url string) (id string) {
	t.Helper()
	_, list := answerOf[struct{ Items []queue.Worker }](t, "GET", url+"/api/v1/workers")
	for _, w := range list.Items {
		if w.State == queue.WorkerReady && w.Drill == "" {
			id = w.ID
		}
	}
	return id
}

// The only worker of a site that is one process stops for a drill: web, scheduler and monitor go on, and so does the work.
func TestServeComesBackByItselfFromADrill(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Store, cfg.DataDir, cfg.Drills, cfg.Concurrency = "redis-server", t.TempDir(), true, 3
	cfg.HeartbeatInterval, cfg.WorkerTimeout = 200*time.Millisecond, time.Second
	app, _ := startApp(t, cfg, All)
	url := app.URL()
	var old string
	eventually(t, "a worker is ready", func() bool { old = liveWorker(t, url); return old != "" })
	var lines strings.Builder
	for n := range 4 { // one more than there are slots
		fmt.Fprintf(&lines, "{\"id\":\"T%d\",\"type\":\"sleep\",\"payload\":{\"seconds\":6}}\n", n)
	}
	if code, _, stderr := here(t, lines.String(), "submit", "--server="+url, "-"); code != 0 {
		t.Fatalf("submit: %d %q", code, stderr)
	}
	eventually(t, "three of them run", func() bool {
		_, stats := answerOf[map[string]any](t, "GET", url+"/api/v1/workers/"+old)
		return stats["running"] == 3.0
	})
	status, d := answerOf[queue.Drill](t, "POST", url+"/api/v1/workers/"+old+"/drill")
	if status != http.StatusAccepted {
		t.Fatalf("the drill is answered by %d; want 202", status)
	}
	eventually(t, "the drill is done", func() bool {
		_, d = answerOf[queue.Drill](t, "GET", url+"/api/v1/drills/"+d.ID)
		return d.State == queue.DrillDone
	})
	if want := fmt.Sprintf("0 lost, %d run again.", d.Total()); d.Summary != want || d.Held != 3 {
		t.Errorf("it says %q of %d held; want %q of 3", d.Summary, d.Held, want)
	}
	if now := liveWorker(t, url); now == "" || now == old {
		t.Errorf("the worker is %q now; want a new one after %s", now, old)
	}
	for n := range 4 {
		id := fmt.Sprintf("T%d", n)
		eventually(t, id+" completes", func() bool {
			_, out, _ := here(t, "", "task", "--server="+url, id)
			return strings.Contains(out, string(queue.Completed))
		})
	}
}
