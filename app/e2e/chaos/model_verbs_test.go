package chaos

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// verb notes what a user's verb was answered.
func (m *model) verb(t *rapid.T, err error, allowed ...error) {
	m.move.done, m.move.refused = err == nil, errors.Is(err, queue.ErrState)
	m.expect(t, err, append(allowed, queue.ErrState)...)
}

func (m *model) cancel(t *rapid.T) {
	id, ok := m.anyTask(t)
	if !ok {
		return
	}
	// Cancel itself waits for a running task, whose handler only this test could end: the context ends the wait.
	ctx, stop := context.WithTimeout(m.ctx, 30*time.Millisecond)
	defer stop()
	_, err := m.client.Cancel(ctx, id)
	m.verb(t, err, os.ErrDeadlineExceeded, context.DeadlineExceeded) // or the wait was cut short
}

func (m *model) redrive(t *rapid.T) {
	if id, ok := m.anyTask(t); ok {
		_, err := m.client.Redrive(m.ctx, id)
		m.verb(t, err)
	}
}

func (m *model) runNow(t *rapid.T) {
	if id, ok := m.anyTask(t); ok {
		_, err := m.client.RunNow(m.ctx, id)
		m.verb(t, err)
	}
}

func (m *model) delete(t *rapid.T) {
	id, ok := m.anyTask(t)
	if !ok {
		return
	}
	err := m.client.Delete(m.ctx, id)
	m.verb(t, err)
	if err == nil {
		delete(m.payloads, id)
	}
}

func (m *model) pause(t *rapid.T) {
	q := someQueues.Draw(t, "queue")
	do := m.client.Pause
	if rapid.Bool().Draw(t, "resume") {
		do = m.client.Resume
	}
	m.expect(t, do(m.ctx, q))
}

func (m *model) schedule(t *rapid.T) { m.expect(t, m.scheduler.Schedule(m.ctx)) }
func (m *model) level(t *rapid.T)    { m.expect(t, m.scheduler.Level(m.ctx)) }

func (m *model) purge(t *rapid.T) {
	m.expect(t, m.purger.Purge(m.ctx))
	kept, err := m.client.Redis().HKeys(m.ctx, m.client.Keys().Tasks()).Result()
	m.expect(t, err)
	maps.DeleteFunc(m.payloads, func(id, _ string) bool { return !slices.Contains(kept, id) })
}

// audit must find nothing to repair.
func (m *model) audit(t *rapid.T) {
	m.expect(t, m.monitor.Audit(m.ctx))
	if m.repairs.Len() > 0 {
		t.Fatalf("the audit repaired something: %s", m.repairs)
	}
}
