package monitor

import (
	"fmt"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// Why says in one sentence, with the fix, why a pending task has not been given to a worker. It is empty for a task in
// another state, and where a worker has a free slot for it: then it is about to go.
func (s *Snapshot) Why(t *queue.Task) string {
	if t.State != queue.Pending {
		return ""
	}
	if s.paused(t.Queue) {
		return fmt.Sprintf("Queue %s is paused. Resume it to let its tasks go.", t.Queue)
	}
	var listening, able, slots, free int
	live := 0
	for _, w := range s.Workers {
		if w.State != queue.WorkerReady {
			continue
		}
		live++
		if w.Queues[t.Queue] == 0 && w.Queues["*"] == 0 {
			continue
		}
		listening++
		if handles(w, t.Type) {
			able++
			slots += w.Slots
			free += max(w.Slots-w.Assigned-w.Running, 0)
		}
	}
	switch {
	case live == 0:
		return "No worker is running. Start one: queuepilot worker."
	case listening == 0:
		return fmt.Sprintf("No worker is listening on queue %s. Start one with --queues %s.", t.Queue, t.Queue)
	case able == 0:
		return fmt.Sprintf("No worker on queue %s handles the type %s. Start one that does.", t.Queue, t.Type)
	case free == 0:
		return fmt.Sprintf("All %d slots of the workers for it are busy.", slots)
	}
	return ""
}

func (s *Snapshot) paused(name string) bool {
	for _, q := range s.Queues {
		if q.Name == name {
			return q.Paused
		}
	}
	return false
}

func handles(w queue.Worker, kind string) bool {
	for _, t := range w.Types {
		if t == kind {
			return true
		}
	}
	return false
}
