package live

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/views"
)

func TestSnapshotsComeAtOnceAndOnChange(t *testing.T) {
	w := newWorld(t)
	c := w.dial("/ws")
	var last monitor.Snapshot
	for last.Totals.Pending != 2 {
		var s monitor.Snapshot
		if err := json.Unmarshal(w.read(c), &s); err != nil {
			t.Fatal(err)
		}
		if s.Type != "snapshot" || s.Seq < last.Seq {
			t.Fatalf("type %q, seq %d after %d", s.Type, s.Seq, last.Seq)
		}
		if last.Type == "" {
			w.submit("T1", "T2")
		}
		last = s
	}
}

func TestATaskIsFollowedToItsEnd(t *testing.T) {
	w := newWorld(t)
	w.submit("T1")
	c := w.dial("/task/T1")
	for _, want := range []queue.State{queue.Pending, queue.Canceled} {
		var e taskEvent
		if err := json.Unmarshal(w.read(c), &e); err != nil {
			t.Fatal(err)
		}
		if e.Type != "state" || e.State != want || e.TaskID != "T1" || e.At.IsZero() {
			t.Errorf("got %+v, want state %s", e, want)
		}
		if want == queue.Pending {
			w.cancel("T1")
		}
	}
	if code := w.closeCode(c); code != websocket.StatusNormalClosure {
		t.Errorf("closed with %d, want 1000", code)
	}
}

func TestAnUnknownTaskIsRefused(t *testing.T) {
	w := newWorld(t)
	c := w.dial("/task/nobody")
	if text := string(w.read(c)); !strings.Contains(text, `"type":"error"`) || !strings.Contains(text, "nobody") {
		t.Errorf("got %s", text)
	}
	if code := w.closeCode(c); code != websocket.StatusPolicyViolation {
		t.Errorf("closed with %d, want 1008", code)
	}
}

func TestTheFirstDeltaJoinsThePage(t *testing.T) {
	w := newWorld(t)
	page, err := w.hub.Overview(w.ctx, views.Spans[0])
	if err != nil {
		t.Fatal(err)
	}
	c := w.dial("/ws/ui")
	w.until(c, "hello", func(m message) bool { return m.Type == "hello" })
	w.sub(c, page.Mark)
	w.submit("T1")
	seq := page.Mark.Topics[topicOverview]
	w.until(c, "T1 on the overview", func(m message) bool {
		if m.Type == "snap" {
			t.Errorf("a snap of %s came although the page's number fits", m.Topic)
		}
		if m.Topic != topicOverview {
			return false
		}
		if m.Base != seq || m.Seq != seq+1 {
			t.Fatalf("delta %d on %d, want one on %d", m.Seq, m.Base, seq)
		}
		seq = m.Seq
		return strings.Contains(m.H["o-latest"], "/tasks/T1")
	})
}

func TestAPageOfAnotherLifeGetsASnap(t *testing.T) {
	w := newWorld(t)
	c := w.dial("/ws/ui")
	w.sub(c, views.Mark{Epoch: "another", Topics: map[string]int64{topicQueues: 12}})
	m := w.until(c, "snap", func(m message) bool { return m.Topic == topicQueues })
	if m.Type != "snap" || m.H["queues-list"] == "" {
		t.Errorf("got %+v", m)
	}
}

func TestNewTasksAreAnnouncedAndLeavingOnesMarked(t *testing.T) {
	w := newWorld(t)
	w.submit("T1")
	page, err := w.hub.Tasks(w.ctx, queue.Filter{State: queue.Pending, Limit: PageSize})
	if err != nil || len(page.Model.Rows) != 1 {
		t.Fatalf("%d rows, %v", len(page.Model.Rows), err)
	}
	c := w.dial("/ws/ui")
	w.sub(c, page.Mark)
	w.submit("T2")
	m := w.until(c, "T2 announced", func(m message) bool { return m.New > 0 })
	if m.New != 1 || m.H["tasks-rows"] != "" {
		t.Errorf("got %d new and rows %q, want 1 and none", m.New, m.H["tasks-rows"])
	}
	w.cancel("T1")
	m = w.until(c, "T1 gone", func(m message) bool { return len(m.X) > 0 })
	if m.X[0] != "T1" || m.V["t:T1:state"] != "Canceled" {
		t.Errorf("got %+v, want T1 marked and its state in place", m)
	}
}

func TestAHiddenTabGetsNoData(t *testing.T) {
	w := newWorld(t)
	v := &viewer{hub: w.hub, wake: make(chan struct{}, 1), fail: make(chan bye, 1)}
	v.receive([]byte(`{"type":"sub","topics":{"overview":0}}`))
	v.receive([]byte(`{"type":"vis","hidden":true}`))
	if due := v.take(); len(due) != 0 {
		t.Errorf("%d messages while hidden", len(due))
	}
	v.receive([]byte(`{"type":"vis","hidden":false}`))
	if due := v.take(); len(due) != 1 {
		t.Errorf("%d messages when shown again, want the snap", len(due))
	}
	v.follow(nil)
}

func TestNonsenseEndsTheStream(t *testing.T) {
	w := newWorld(t)
	for _, text := range []string{`{`, `{"type":"sub","topics":{"nothing":1}}`, `{"type":"sub","topics":{"task:<i>":1}}`} {
		c := w.dial("/ws/ui")
		if err := c.Write(w.ctx, websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if code := w.closeCode(c); code != websocket.StatusPolicyViolation {
			t.Errorf("%s: closed with %d, want 1008", text, code)
		}
	}
}

func TestStopClosesEverySocketAsGoingAway(t *testing.T) {
	w := newWorld(t)
	w.submit("T1")
	sockets := map[string]*websocket.Conn{}
	for _, path := range []string{"/ws", "/ws/ui", "/task/T1"} {
		sockets[path] = w.dial(path)
		w.read(sockets[path])
	}
	codes := make(chan websocket.StatusCode, len(sockets))
	for _, c := range sockets {
		go func() { codes <- w.closeCode(c) }()
	}
	w.stop()
	for range sockets {
		if code := <-codes; code != websocket.StatusGoingAway {
			t.Errorf("closed with %d, want 1001", code)
		}
	}
	if w.hub.open != 0 || !w.hub.Full() {
		t.Errorf("%d sockets left, full %v", w.hub.open, w.hub.Full())
	}
}

func TestWaitFinal(t *testing.T) {
	w := newWorld(t)
	w.submit("T1", "T2")
	if _, err := w.hub.WaitFinal(w.ctx, "nobody"); !errors.Is(err, queue.ErrNotFound) {
		t.Errorf("unknown task: %v", err)
	}
	ends, cancel := context.WithTimeout(w.ctx, 50*time.Millisecond)
	defer cancel()
	if task, err := w.hub.WaitFinal(ends, "T2"); err != nil || task.State != queue.Pending {
		t.Errorf("time over: %+v, %v, want the pending task", task, err)
	}
	const waiters = 50
	got := make(chan queue.State, waiters)
	for range waiters {
		go func() {
			task, err := w.hub.WaitFinal(w.ctx, "T1")
			if err != nil {
				t.Errorf("wait: %v", err)
				got <- ""
				return
			}
			got <- task.State
		}()
	}
	w.cancel("T1")
	for range waiters {
		if s := <-got; s != queue.Canceled {
			t.Errorf("waited for %q, want canceled", s)
		}
	}
	if n := w.hub.watcher.len(); n != 0 {
		t.Errorf("%d watches left", n)
	}
}

func TestAnAwayStoreIsToldAndComesBack(t *testing.T) {
	w := newWorld(t)
	w.submit("T1")
	page, err := w.hub.Overview(w.ctx, views.Spans[0])
	if err != nil {
		t.Fatal(err)
	}
	c := w.dial("/ws/ui")
	w.sub(c, page.Mark)
	w.redis.Stop()
	w.until(c, "the note that Redis is away", func(m message) bool {
		return strings.Contains(m.H["chrome-stale"], "cannot reach Redis")
	})
	old, err := w.hub.Overview(w.ctx, views.Spans[0])
	if err == nil || !old.Known || old.Chrome.Stale == nil || len(old.Model.Latest) != 1 {
		t.Errorf("away: error %v, known %v, %+v", err, old.Known, old.Chrome)
	}
	w.redis.Start()
	w.until(c, "the end of the note", func(m message) bool {
		markup, changed := m.H["chrome-stale"]
		return changed && markup == ""
	})
	if back, err := w.hub.Overview(w.ctx, views.Spans[0]); err != nil || back.Chrome.Stale != nil {
		t.Errorf("back: %v, %+v", err, back.Chrome)
	}
}
