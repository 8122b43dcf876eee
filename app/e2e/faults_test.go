package e2e

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
)

const (
	// workerTimeout is the default of --worker-timeout.
	workerTimeout = 5 * time.Second
	// reclaimSlack is the promise: a dead worker's tasks run again within worker-timeout + 1 s.
	reclaimSlack = time.Second
)

// gateTasks returns n tasks of a type that wait for a gate, named T1 to Tn.
func gateTasks(n int, kind, gate string) []harness.New {
	tasks := make([]harness.New, n)
	for i := range tasks {
		tasks[i] = harness.New{
			"id": fmt.Sprintf("T%d", i+1), "type": kind, "payload": map[string]string{"gate": gate},
		}
	}
	return tasks
}

// outcomes returns "number outcome worker's name" of each attempt, the newest last.
func outcomes(sys *harness.System, id string) []string {
	workers := sys.Workers()
	var all []string
	for _, a := range sys.Attempts(id) {
		all = append(all, fmt.Sprintf("%d %s %s", a.Attempt, a.Outcome, workers[a.WorkerID].Name))
	}
	return all
}

func result(task harness.Task) string {
	var text string
	_ = json.Unmarshal(task.Result, &text)
	return text
}

func TestTheTasksOfAKilledWorkerAllRunAgainElsewhere(t *testing.T) {
	t.Parallel()
	const n = 20
	sys, gates := harness.NewSystem(t), harness.NewGates(t)
	victim := sys.TestWorker("victim", n, gates)
	ids := sys.Submit(gateTasks(n, "gate", "go")...)
	sys.UntilState("running", ids...)
	sys.TestWorker("left", n/2, gates)
	sys.TestWorker("right", n/2, gates)

	victim.Kill()
	killed := time.Now()
	again := sys.UntilTasks("attempt 2 running", func(task harness.Task) bool {
		return task.State == "running" && task.Attempt == 2
	}, ids...)
	slowest := time.Duration(0)
	for _, task := range again {
		slowest = max(slowest, task.StartedAt.Sub(killed))
	}
	t.Logf("all %d tasks ran again %v after the kill", n, slowest)
	if slowest > workerTimeout+reclaimSlack {
		t.Errorf("the last task ran again %v after the kill; promised: %v", slowest, workerTimeout+reclaimSlack)
	}
	sys.UntilWorker("victim", "lost")

	gates.Open(t, "go")
	for i, task := range sys.UntilState("completed", ids...) {
		rescuer := result(task)
		want := []string{"1 lost victim", "2 ok " + rescuer}
		if diff := cmp.Diff(want, outcomes(sys, ids[i])); diff != "" || rescuer == "victim" {
			t.Errorf("attempts of %s (-want +got):\n%s", task.ID, diff)
		}
		if starts, ends := gates.Count(t, "start", task.ID), gates.Count(t, "end", task.ID); starts != 2 || ends != 1 {
			t.Errorf("%s was started %d times and ended %d times; want 2 and 1", task.ID, starts, ends)
		}
	}
	if totals := sys.Totals(); totals.CompletedTotal != n || totals.SubmittedTotal != n {
		t.Errorf("totals %+v; want %d submitted and completed", totals, n)
	}
}

func TestAWorkerThatWasFrozenPastItsLeaseCanReportNothing(t *testing.T) {
	t.Parallel()
	sys, gates := harness.NewSystem(t), harness.NewGates(t)
	zombie := sys.TestWorker("zombie", 1, gates)
	id := sys.Submit(gateTasks(1, "stubborn", "go")...)[0]
	sys.UntilState("running", id)
	sys.TestWorker("heir", 1, gates)

	zombie.Freeze()
	sys.UntilTasks("attempt 2 running", func(task harness.Task) bool {
		return task.State == "running" && task.Attempt == 2
	}, id)
	gates.Open(t, "go@zombie")
	zombie.Thaw()
	harness.Until(t, "the zombie's handler has ended", func() error {
		if gates.Count(t, "end", id) != 1 {
			return fmt.Errorf("executions %v", gates.Executions(t))
		}
		return nil
	})
	sys.UntilWorker("zombie", "ready") // it noticed, and started again under a new id
	if task := sys.Task(id); task.State != "running" || task.Attempt != 2 {
		t.Fatalf("after the zombie's report the task is %+v; want attempt 2 still running", task)
	}

	gates.Open(t, "go@heir")
	task := sys.UntilState("completed", id)[0]
	if result(task) != "heir" {
		t.Errorf("the result is %s; want the heir's", task.Result)
	}
	if diff := cmp.Diff([]string{"1 lost zombie", "2 ok heir"}, outcomes(sys, id)); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	if totals := sys.Totals(); totals.CompletedTotal != 1 {
		t.Errorf("%d completions are recorded; want 1", totals.CompletedTotal)
	}
}

func TestADrainSpendsNoAttempt(t *testing.T) {
	t.Parallel()
	sys, gates := harness.NewSystem(t), harness.NewGates(t)
	leaver := sys.TestWorker("leaver", 2, gates, "-shutdown-timeout", "3s")
	quick, slow := "T1", "T2"
	sys.Submit(
		harness.New{"id": quick, "type": "gate", "payload": map[string]string{"gate": "quick"}},
		harness.New{"id": slow, "type": "gate", "payload": map[string]string{"gate": "slow"}},
	)
	sys.UntilState("running", quick, slow)
	sys.TestWorker("stayer", 2, gates)
	asked := time.Now()
	leaver.Signal(terminate)
	sys.UntilWorker("leaver", "draining")
	gates.Open(t, "quick")
	if code := leaver.Wait(); code != 0 {
		t.Errorf("the drained worker ended with code %d; want 0", code)
	}
	sys.UntilState("completed", quick)
	moved := sys.UntilTasks("a run on the stayer", func(task harness.Task) bool {
		return task.State == "running" && gates.Count(t, "start", slow) == 2
	}, slow)[0]
	t.Logf("the unfinished task ran elsewhere %v after SIGTERM", moved.StartedAt.Sub(asked))
	gates.Open(t, "slow")
	sys.UntilState("completed", slow)
	for id, want := range map[string][]string{
		quick: {"1 ok leaver"},
		slow:  {"1 released leaver", "1 ok stayer"},
	} {
		if diff := cmp.Diff(want, outcomes(sys, id)); diff != "" {
			t.Errorf("attempts of %s (-want +got):\n%s", id, diff)
		}
	}
	sys.UntilWorker("leaver", "gone")
}
