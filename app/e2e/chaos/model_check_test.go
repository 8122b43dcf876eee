package chaos

import (
	"slices"
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
	m.checkLives(t, livesOf(census))
}

// checkLives compares each task with what it was before the move.
func (m *model) checkLives(t *rapid.T, found map[string]life) {
	for id := range m.lives {
		m.checkLife(t, id, m.lives[id], found[id])
	}
	for id := range found {
		m.checkLife(t, id, m.lives[id], found[id])
	}
	if m.move.id != "" {
		m.checkAnswer(t, m.lives[m.move.id], found[m.move.id])
	}
	m.lives = found
}

func (m *model) checkLife(t *rapid.T, id string, was, is life) {
	if !m.move.leads(id, was, is, mostSteps) {
		t.Fatalf("%q may not make of task %s\n%+v\nwhat it is now:\n%+v\n%+v", m.move.name, id, was, is, *m.move)
	}
	if _, reported := m.move.reports[id]; reported && was == is {
		t.Fatalf("the report of task %s was answered and changed nothing: %+v", id, is)
	}
}

// checkAnswer compares what a user's verb was answered with the task's state, and with what became of it.
func (m *model) checkAnswer(t *rapid.T, was, is life) {
	allowed := slices.Contains(allowedFrom[m.move.name], was.state)
	nothingToDo := m.move.name == "cancel" && was.stop || m.move.name == "run now" && was.state == queue.Pending
	if m.move.refused == allowed && (m.move.refused || m.move.done) || m.move.done && was == is && !nothingToDo {
		t.Fatalf("%q of task %s was answered (done %v, refused %v); it was\n%+v\nand is\n%+v", m.move.name, m.move.id,
			m.move.done, m.move.refused, was, is)
	}
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
