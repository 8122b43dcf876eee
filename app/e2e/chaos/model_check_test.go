package chaos

import (
	"strings"

	"pgregory.net/rapid"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// check reads the whole cell and compares it with itself and with what the test knows.
func (m *model) check(t *rapid.T) {
	census, err := harness.TakeCensus(m.ctx, m.client)
	m.expect(t, err)
	if faults := census.Faults(); len(faults) > 0 {
		t.Fatalf("the cell does not add up:\n%s", strings.Join(faults, "\n"))
	}
	if len(census.Tasks) != len(m.payloads) {
		t.Fatalf("there are %d tasks, wanted %d", len(census.Tasks), len(m.payloads))
	}
	for id, payload := range m.payloads {
		if task := census.Tasks[id]; task == nil || string(task.Payload) != payload {
			t.Fatalf("task %s is %+v, wanted with the payload %.40s", id, task, payload)
		}
	}
	m.checkWorkers(t, census)
}

// checkWorkers compares what each worker runs with what it was given.
func (m *model) checkWorkers(t *rapid.T, census *harness.Census) {
	if len(census.Workers) != len(m.live) {
		t.Fatalf("the workers are %v, wanted %d", census.Workers, len(m.live))
	}
	for id, w := range m.live {
		if n := census.Workers[id].Running; n != len(w.running) {
			t.Fatalf("worker %s holds %d tasks, Redis knows of %d", id, len(w.running), n)
		}
		for task := range w.running {
			if got := census.Tasks[task]; got.State != queue.Running || got.WorkerID != id {
				t.Fatalf("worker %s holds task %s, which is %s on %q", id, task, got.State, got.WorkerID)
			}
		}
	}
}
