package chaos

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
)

// TestRow12WithoutMemory: whoever lives stays, whoever dies is found lost, and whoever stops gives back what it has, all
// without a byte to spare.
func TestRow12WithoutMemoryWorkersLiveDieAndStop(t *testing.T) {
	row(t, 12, "Redis out of memory, noeviction", func(f *fault) {
		s := newSite(f, harness.Setup{WorkerTimeout: steadyLease()})
		dies, stops := s.worker("dies", 2), s.worker("stops", 2, "-shutdown-timeout", "1ms")
		s.submit(gated("T0", "gate", "", ""), gated("T1", "gate", "", ""), gated("T2", "gate", "", ""), gated("T3", "gate", "", ""))
		s.UntilState("running", s.ids()...)
		died := dies.WorkerID()

		s.limitMemory(1)
		stays := s.worker("stays", 4)
		f.pass(2 * steadyLease())
		s.kill(dies)
		if code := stops.Stop(); code != 0 {
			f.Errorf("%s ended with code %d after SIGTERM; want 0", stops.Name, code)
		}
		s.UntilTasks("running on the worker that stays", func(task harness.Task) bool {
			return task.State == "running" && task.WorkerID == stays.WorkerID()
		}, s.ids()...)
		s.gates.Open(f, "go")
		s.UntilState("completed", s.ids()...)
		s.limitMemory(0)
		for _, p := range []*harness.Process{stays, stops, s.Scheduler, s.Monitor} {
			for _, line := range p.Log().Lines() {
				if err := fmt.Sprint(line.Attributes["error"]); strings.Contains(err, "OOM command not allowed") {
					f.Errorf("%s was refused without memory: %s", p.Name, err)
				}
			}
		}
		census := s.verify(2, 2)
		if diff := cmp.Diff([]string{died}, census.LostWorkers()); diff != "" {
			f.Errorf("lost workers (-want +got):\n%s", diff)
		}
		var all []string
		for _, id := range s.ids() {
			all = append(all, s.outcomes(id)...)
		}
		slices.Sort(all)
		want := []string{"1 lost dies", "1 lost dies", "1 ok stays", "1 ok stays", "1 released stops", "1 released stops", "2 ok stays", "2 ok stays"}
		if diff := cmp.Diff(want, all); diff != "" {
			f.Errorf("attempts (-want +got):\n%s", diff)
		}
	})
}
