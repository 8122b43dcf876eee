package workers_test

import (
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// Redis out of memory refuses the first write of a script where it adds something: heartbeats and outcomes begin with
// one that removes.
func TestHeartbeatsAndOutcomesAreRecordedThoughRedisIsOutOfMemory(t *testing.T) {
	c := open(t, redistest.New(t).URL())
	w := register(t, c, "w", 2, "echo")
	submit(t, c, queue.Task{ID: "a"}, queue.Task{ID: "b"})
	leases := start(t, w, 2)
	must(t, c.Redis().ConfigSet(t.Context(), "maxmemory", "1mb").Err())
	if _, err := c.Submit(t.Context(), queue.Task{ID: "c"}); err == nil {
		t.Error("a submit was taken")
	}
	verdicts, _, err := w.Turn(t.Context(), []workers.Report{done(leases[0])}, 1)
	if err != nil || verdicts[0] != workers.Recorded {
		t.Errorf("an outcome: %v, %v", verdicts, err)
	}
	if _, err := w.Heartbeat(t.Context(), 2); err != nil {
		t.Errorf("a heartbeat: %v", err)
	}
	must(t, c.Redis().HDel(t.Context(), c.Keys().Meta(), "dirty").Err()) // as if the last hint of a change were an old one
	verdicts, _, err = w.Adopt(t.Context(), []workers.Report{done(leases[0])})
	if err != nil || verdicts[0] != workers.RecordedBefore {
		t.Errorf("adopt: %v, %v", verdicts, err)
	}
	if _, err := w.Drain(t.Context()); err != nil {
		t.Errorf("drain: %v", err)
	}
}
