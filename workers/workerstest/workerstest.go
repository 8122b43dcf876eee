// Package workerstest makes the moves of a worker for tests of the pools, one at a time. Only tests may import it.
package workerstest

import (
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/queue/queuetest"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// Register puts a worker into the inventory: slots, the weights of its queues (nil for all), and its types.
func Register(t *testing.T, c *queue.Client, name string, slots int, queues map[string]int, types ...string) *workers.Session {
	t.Helper()
	s, err := workers.Register(t.Context(), c, workers.Config{Name: name, Slots: slots, Queues: queues}, types)
	redistest.Must(t, err)
	return s
}

// Turn reports all of done as completed and starts up to want. It returns what was started, and the ids of that.
func Turn(t *testing.T, s *workers.Session, want int, done ...*queue.Task) ([]string, []*queue.Task) {
	t.Helper()
	var reports []workers.Report
	for _, d := range done {
		reports = append(reports, workers.Report{TaskID: d.ID, Attempt: d.Attempt, Kind: workers.Complete, Outcome: queue.OutcomeOK})
	}
	verdicts, leases, err := s.Turn(t.Context(), reports, want)
	redistest.Must(t, err)
	for i, v := range verdicts {
		if v != workers.Recorded {
			t.Fatalf("the report of %s was not recorded: %d", reports[i].TaskID, v)
		}
	}
	ids := []string{}
	for _, l := range leases {
		ids = append(ids, l.ID)
	}
	return ids, leases
}

// Held are the ids on the worker's list.
func Held(t *testing.T, c *queue.Client, s *workers.Session) []string {
	t.Helper()
	return queuetest.List(t, c, c.Keys().Processing(s.ID()))
}
