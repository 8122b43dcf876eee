package chaos

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
)

// TestRow04: of the line's first four tasks a worker ran two and had been assigned two more when it died. Whoever comes
// next takes the line up where it was.
func TestRow04ALostWorkersListGoesBackToTheHeadInItsOrder(t *testing.T) {
	row(t, 4, "monitor off while workers die", func(f *fault) {
		s := newSite(f, harness.Setup{WorkerTimeout: 5 * time.Second}) // the line is submitted within the dying worker's lease
		dies := s.worker("dies", 4, "-queues", "fifo")
		s.line(0, 2)
		s.UntilState("running", "F0", "F1")
		dies.Freeze()
		s.line(2, 4)
		s.UntilState("assigned", "F2", "F3")
		s.line(4, 8)
		dies.Kill()
		s.UntilState("pending", "F0", "F1", "F2", "F3")
		s.worker("heir", 1, "-queues", "fifo")
		s.gates.Open(f, "go")
		s.drain()
		s.verify(1, 2)
		s.startedInOrder("heir", 8)
	})
}

func TestRow17WhatAStoppingWorkerGivesBackGoesToTheHead(t *testing.T) {
	row(t, 17, "rolling restart (SIGTERM) of the workers ×20", func(f *fault) {
		s := newSite(f, harness.Setup{})
		stops := s.worker("stops", 1, "-queues", "fifo", "-shutdown-timeout", "1ms")
		s.line(0, 4)
		s.UntilState("running", "F0")
		if code := stops.Stop(); code != 0 {
			f.Errorf("%s ended with code %d after SIGTERM; want 0", stops.Name, code)
		}
		s.worker("heir", 1, "-queues", "fifo")
		s.gates.Open(f, "go")
		s.drain()
		s.verify(1, 1)
		s.startedInOrder("heir", 4)
	})
}

// line submits the tasks F<from> to F<to-1>, each in a call of its own, to the queue fifo. They wait at the gate "go".
func (s *site) line(from, to int) {
	for i := from; i < to; i++ {
		task := gated(fmt.Sprintf("F%d", i), "gate", "", "")
		task["queue"] = "fifo"
		s.submit(task)
	}
}

// startedInOrder checks that the worker called name started the line's first n tasks, each once and in order.
func (s *site) startedInOrder(name string, n int) {
	s.f.Helper()
	var got, want []string
	for _, e := range s.gates.Executions(s.f) {
		if e.What == "start" && e.Worker == name {
			got = append(got, e.Task)
		}
	}
	for i := range n {
		want = append(want, fmt.Sprintf("F%d", i))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.f.Errorf("%s started (-want +got):\n%s", name, diff)
	}
}
