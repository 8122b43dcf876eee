package live

import (
	"time"

	"github.com/fasthttp/websocket"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// taskEvent is one message of GET /ws?task=.
type taskEvent struct {
	Type    string       `json:"type"` // state, progress or error
	TaskID  string       `json:"task_id"`
	At      *queue.Time  `json:"at,omitempty"`
	State   queue.State  `json:"state,omitempty"`
	Reason  queue.Reason `json:"reason,omitempty"`
	Attempt int          `json:"attempt,omitempty"`
	Worker  string       `json:"worker_id,omitempty"`
	Percent *float64     `json:"percent,omitempty"`
	Message string       `json:"message,omitempty"`
	Error   string       `json:"error,omitempty"`
}

// ServeTask serves GET /ws?task=: the task's state at once, then each change and its progress. It closes with 1000
// after the final state, with 1008 where there is no such task, with 1013 where it cannot be read.
func (h *Hub) ServeTask(ws *websocket.Conn, id string) {
	one := h.watcher.add(id)
	defer h.watcher.remove(one)
	h.serve(ws, pollerLimit, nil, func(s *socket) closing { return h.writeTask(s, one) })
}

func (h *Hub) writeTask(s *socket, one *watch) closing {
	var last *queue.Task
	for {
		select {
		case <-s.stop:
			return goingAway
		case <-s.gone:
			return hungUp
		case <-s.ping.C:
			if !s.sendPing() {
				return hungUp
			}
		case u := <-one.updates:
			for _, e := range eventsOf(one.id, last, u, h.look().wall) {
				if !s.send(prepare(e)) {
					return hungUp
				}
			}
			if end, over := endOf(last, u); over {
				return end
			}
			last = u.Task
		}
	}
}

// endOf says whether an update is the last of its task, and how the socket closes then.
func endOf(last *queue.Task, u update) (closing, bool) {
	switch {
	case u.Err != nil:
		return closing{websocket.CloseTryAgainLater, "Redis is away"}, true
	case u.Task == nil && last == nil:
		return closing{websocket.ClosePolicyViolation, "no such task"}, true
	case u.Task == nil:
		return closing{websocket.CloseNormalClosure, "deleted"}, true
	case u.Task.State.Final():
		return closing{websocket.CloseNormalClosure, "final"}, true
	}
	return closing{}, false
}

// eventsOf tells what happened between two reads of a task. A quick task may have run and ended between them: its
// running is then told from its start time, so that listeners see every task run.
func eventsOf(id string, last *queue.Task, u update, now time.Time) []taskEvent {
	if u.Err != nil {
		return []taskEvent{{Type: "error", TaskID: id, Error: "The server cannot reach Redis."}}
	}
	if u.Task == nil {
		return []taskEvent{{Type: "error", TaskID: id, Error: "There is no task " + id + "."}}
	}
	var events []taskEvent
	if t := u.Task; last == nil || last.State != t.State || last.Attempt != t.Attempt {
		if missedRunning(last, t) {
			events = append(events, stateEvent(t, queue.Running, t.StartedAt))
		}
		events = append(events, stateEvent(t, t.State, reached(t, now)))
	}
	if p := u.Task.LastProgress; p != nil && u.Task.State == queue.Running && !sameProgress(last, p) {
		at := queue.Time{Time: now}
		events = append(events, taskEvent{Type: "progress", TaskID: id, At: &at, Percent: &p.Percent, Message: p.Message})
	}
	return events
}

// missedRunning reports whether t started since last was read and no longer runs.
func missedRunning(last, t *queue.Task) bool {
	if last == nil || t.State == queue.Running || t.StartedAt.IsZero() {
		return false
	}
	return !t.StartedAt.Equal(last.StartedAt)
}

func sameProgress(last *queue.Task, p *queue.Progress) bool {
	return last != nil && last.LastProgress != nil && *last.LastProgress == *p
}

func stateEvent(t *queue.Task, s queue.State, at time.Time) taskEvent {
	e := taskEvent{Type: "state", TaskID: t.ID, At: &queue.Time{Time: at}, State: s, Attempt: t.Attempt, Worker: t.WorkerID}
	if s.Final() {
		e.Reason, e.Error = t.Reason, t.Error
	}
	return e
}

// reached is when t came into its state, as far as it is recorded.
func reached(t *queue.Task, now time.Time) time.Time {
	at := now
	switch {
	case t.State.Final():
		at = t.FinishedAt
	case t.State == queue.Running:
		at = t.StartedAt
	case t.State == queue.Assigned:
		at = t.AssignedAt
	case t.State == queue.Pending && t.Attempt == 0, t.State == queue.Scheduled:
		at = t.CreatedAt
	}
	if at.IsZero() {
		return now
	}
	return at
}
