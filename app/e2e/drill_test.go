package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
)

// drill is what the tests look at in a drill's JSON form.
type drill struct {
	ID        string     `json:"id"`
	State     string     `json:"state"`
	Summary   string     `json:"summary"`
	StoppedAt *time.Time `json:"stopped_at"`
	LostAt    *time.Time `json:"lost_at"`
	Held      int        `json:"held"`
	Given     int        `json:"given"`
	Ended     int        `json:"ended"`
	RunAgain  int        `json:"run_again"`
	Lost      int        `json:"lost"`
}

// untilDrill waits until a drill is as wanted, and returns it.
func untilDrill(t *testing.T, sys *harness.System, id, what string, wanted func(drill) bool) drill {
	t.Helper()
	var d drill
	harness.Until(t, "the drill "+what, func() error {
		status, err := sys.Call("GET", "/api/v1/drills/"+id, nil, &d)
		if err == nil && (status != 200 || !wanted(d)) {
			err = fmt.Errorf("it is %+v, status %d", d, status)
		}
		return err
	})
	return d
}

func sleepers(n int, prefix string) []harness.New {
	tasks := make([]harness.New, n)
	for i := range tasks {
		tasks[i] = harness.New{"id": fmt.Sprint(prefix, i), "type": "sleep", "payload": map[string]any{"seconds": 10}} // longer than a busy machine takes to ask
	}
	return tasks
}

func TestADrillLosesNoTaskAndEachRunsAgain(t *testing.T) {
	t.Parallel()
	sys := harness.NewSystemWith(t, harness.Setup{WorkerTimeout: 2 * time.Second, Args: []string{"--drills"}})
	worker := sys.Worker("victim", 3)
	ids := sys.Submit(sleepers(3, "T")...)
	sys.UntilState("running", ids...)
	old := worker.WorkerID()

	var asked drill
	if status, err := sys.Call("POST", "/api/v1/workers/"+old+"/drill", nil, &asked); err != nil || status != 202 {
		t.Fatalf("the drill is answered by %d, %v; want 202", status, err)
	}
	sys.Worker("other", 3)
	silent := untilDrill(t, sys, asked.ID, "has begun", func(d drill) bool { return d.StoppedAt != nil })
	if silent.Held != 3 {
		t.Errorf("it held %d tasks as it stopped; want 3: %+v", silent.Held, silent)
	}
	d := untilDrill(t, sys, asked.ID, "is done", func(d drill) bool { return d.State == "done" })
	if d.Summary != "0 lost, 3 run again." || d.LostAt == nil || d.LostAt.Sub(*d.StoppedAt) < time.Second {
		t.Errorf("it ended as %+v; want 0 lost, 3 run again, after the worker's silence", d)
	}
	sys.UntilState("completed", ids...)
	for _, id := range ids {
		if got := outcomes(sys, id); len(got) != 2 || got[0] != "1 lost victim" {
			t.Errorf("attempts of %s: %v; want the first lost with the worker, and a second", id, got)
		}
	}
	if now := worker.WorkerID(); now == old {
		t.Errorf("its process has still the worker %s; want a new one", now)
	}
	if end := untilDrill(t, sys, asked.ID, "counts the ends", func(d drill) bool { return d.Ended == 3 }); end.Lost != 0 || end.RunAgain != 3 {
		t.Errorf("at the end it is %+v; want 3 run again and none lost", end)
	}
}
