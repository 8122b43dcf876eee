package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// check reads the whole cell and compares it with itself and with what the test knows.
func (m *model) check(t *rapid.T) {
	places := m.places(t)
	counts := map[string]int64{}
	ids := slices.Sorted(maps.Keys(m.payloads))
	tasks, err := m.client.GetMany(m.ctx, ids)
	m.expect(t, err)
	for i, id := range ids {
		if tasks[i] == nil {
			t.Fatalf("task %s is gone", id)
		}
		m.checkTask(t, tasks[i], places[id])
		counts[tasks[i].Queue+"|"+string(tasks[i].State)]++
		delete(places, id)
	}
	for id, where := range places {
		t.Fatalf("%s stands on %v and is no task", id, where)
	}
	m.checkCounts(t, counts)
	m.checkWorkers(t, tasks)
}

func (m *model) checkTask(t *rapid.T, task *queue.Task, where []string) {
	want := map[queue.State]string{
		queue.Pending: "task_queue:" + task.Queue, queue.Assigned: "processing:" + task.WorkerID,
		queue.Running: "processing:" + task.WorkerID,
	}[task.State]
	if want == "" {
		want = "tasks_" + string(task.State)
	}
	if len(where) != 1 || where[0] != want {
		t.Fatalf("task %s is %s and stands on %v, wanted [%s]", task.ID, task.State, where, want)
	}
	if string(task.Payload) != m.payloads[task.ID] {
		t.Fatalf("task %s has the payload %.40s, wanted %.40s", task.ID, task.Payload, m.payloads[task.ID])
	}
	if task.Attempt > task.MaxAttempts {
		t.Fatalf("task %s is at attempt %d of %d", task.ID, task.Attempt, task.MaxAttempts)
	}
}

// places finds every id on every list and set of the cell, by their names without prefix and lane.
func (m *model) places(t *rapid.T) map[string][]string {
	places := map[string][]string{}
	prefix := m.client.Keys().Prefix()
	names, err := m.client.Redis().Keys(m.ctx, prefix+"*").Result()
	m.expect(t, err)
	for _, key := range names {
		name := strings.TrimPrefix(key, prefix)
		var ids []string
		var err error
		switch {
		case strings.HasPrefix(name, "task_queue:"), strings.HasPrefix(name, "processing:"):
			ids, err = m.client.Redis().LRange(m.ctx, key, 0, -1).Result()
		case strings.HasPrefix(name, "tasks_") && name != "tasks_recent":
			ids, err = m.client.Redis().ZRange(m.ctx, key, 0, -1).Result()
		}
		m.expect(t, err)
		name, _, _ = strings.Cut(name, "#")
		for _, id := range ids {
			places[id] = append(places[id], name)
		}
	}
	return places
}

// checkCounts compares the counters with the tasks, and the totals with each other: what was submitted is there, or
// was deleted.
func (m *model) checkCounts(t *rapid.T, want map[string]int64) {
	raw, err := m.client.Redis().HGetAll(m.ctx, m.client.Keys().Counts()).Result()
	m.expect(t, err)
	names := map[string]queue.State{
		"s": queue.Scheduled, "p": queue.Pending, "a": queue.Assigned, "r": queue.Running,
		"y": queue.Retry, "c": queue.Completed, "f": queue.Failed, "x": queue.Canceled,
	}
	var submitted, removed, kept int64
	for field, text := range raw {
		var n int64
		if _, err := fmt.Sscan(text, &n); err != nil {
			t.Fatal(err)
		}
		q, code, _ := strings.Cut(field, "|")
		state, current := names[code]
		switch {
		case current:
			kept += n
			if n != want[q+"|"+string(state)] {
				t.Fatalf("queue %s counts %d %s, there are %d", q, n, state, want[q+"|"+string(state)])
			}
			delete(want, q+"|"+string(state))
		case code == "S":
			submitted += n
		case code == "D":
			removed += n
		}
	}
	if len(want) > 0 || submitted != kept+removed {
		t.Fatalf("not counted: %v; submitted %d, there %d, removed %d", want, submitted, kept, removed)
	}
}

// checkWorkers compares each worker's own counters with the tasks, and its slots with what it was given.
func (m *model) checkWorkers(t *rapid.T, tasks []*queue.Task) {
	for id, w := range m.live {
		var assigned, running int
		for _, task := range tasks {
			if task.WorkerID != id {
				continue
			}
			switch task.State {
			case queue.Assigned:
				assigned++
			case queue.Running:
				running++
				if w.running[task.ID] == nil {
					t.Fatalf("task %s runs on %s, which was never given it", task.ID, id)
				}
			}
		}
		got, err := m.client.Redis().HMGet(m.ctx, m.client.Keys().WorkerStatus(id), "assigned", "running", "slots").Result()
		m.expect(t, err)
		if got[0] != fmt.Sprint(assigned) || got[1] != fmt.Sprint(running) {
			t.Fatalf("worker %s counts %v assigned and %v running, there are %d and %d", id, got[0], got[1], assigned, running)
		}
		if running != len(w.running) {
			t.Fatalf("worker %s holds %d tasks, Redis knows of %d", id, len(w.running), running)
		}
	}
}
