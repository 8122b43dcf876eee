package live

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/views"
)

func snapAt(at time.Time, queues ...queue.Queue) *monitor.Snapshot {
	return &monitor.Snapshot{At: queue.Time{Time: at}, Queues: queues}
}

func TestAQueuesHistoryGivesItsRates(t *testing.T) {
	var h queueHistory
	start := time.Now()
	h.note(snapAt(start, queue.Queue{Name: "old", SubmittedTotal: 1000}))
	for i := range int64(21) {
		h.note(snapAt(start.Add(time.Duration(i)*time.Second), queue.Queue{Name: "old", SubmittedTotal: 1000 + 2*i},
			queue.Queue{Name: "new", SubmittedTotal: 7 * i, CompletedTotal: 3 * i}))
	}
	now := start.Add(20 * time.Second)
	in, done, _ := views.RatesAt(h.samples["new"], now)
	if old, _, _ := views.RatesAt(h.samples["old"], now); in != 7 || done != 3 || old != 2 {
		t.Errorf("new %v in and %v done a second, old %v in; want 7, 3 and 2", in, done, old)
	}
}

func TestTheFirstTasksOfANewQueueCount(t *testing.T) {
	var h queueHistory
	start := time.Now()
	h.note(snapAt(start))
	h.note(snapAt(start.Add(5*time.Second), queue.Queue{Name: "new", SubmittedTotal: 50}))
	if in, _, _ := views.RatesAt(h.samples["new"], start.Add(5*time.Second)); in != 10 {
		t.Errorf("%v in a second; want 10: 50 within the 5 s that it is known for", in)
	}
}

func TestQueuesHistoriesAreBounded(t *testing.T) {
	var h queueHistory
	start := time.Now()
	queues := make([]queue.Queue, 300)
	for i := range queues {
		queues[i].Name = fmt.Sprintf("q%03d", i)
	}
	seconds := int(2 * historySpan / time.Second)
	for s := range seconds {
		for i := range 100 {
			queues[i].CompletedTotal++
		}
		h.note(snapAt(start.Add(time.Duration(s)*time.Second), queues...))
	}
	busy, idle := len(h.samples["q000"]), len(h.samples["q150"])
	if len(h.samples) != mostKept || busy > int(historySpan/queueStep)+2 || idle > 2 {
		t.Errorf("%d queues, %d samples of a busy one and %d of an idle one", len(h.samples), busy, idle)
	}
	queues[299].CompletedTotal++
	h.note(snapAt(start.Add(time.Duration(seconds)*time.Second), queues...))
	if len(h.samples["q299"]) == 0 {
		t.Error("a queue in which something happens found no room among those in which nothing did")
	}
	h.note(snapAt(start.Add(time.Duration(seconds+1)*time.Second), queues[:1]...))
	if len(h.samples) != 1 {
		t.Errorf("%d queues are kept of 1 that is left", len(h.samples))
	}
}

func TestAQueuesPageIsLive(t *testing.T) {
	w := newWorld(t)
	w.submit("T1")
	page, err := w.hub.Queue(w.ctx, "default")
	if err != nil {
		t.Fatal(err)
	}
	c := w.dial("/ws/ui")
	w.sub(c, page.Mark)
	w.submit("T2")
	w.until(c, "two pending", func(m message) bool { return m.V["tab:pending"] == "2" })
	if err := w.client.Pause(w.ctx, "default"); err != nil {
		t.Fatal(err)
	}
	w.until(c, "the button to resume", func(m message) bool {
		return strings.Contains(m.H["queue-head"], "/queues/default/resume")
	})
}

func TestWhatEndedIsReadAtMostEveryTwoSeconds(t *testing.T) {
	var s endedSample
	reads := 0
	read := func() ([]queue.Ended, error) { reads++; return nil, nil }
	for range 10 {
		if err := s.load(read); err != nil {
			t.Fatal(err)
		}
	}
	if reads != 1 {
		t.Errorf("%d reads; want 1", reads)
	}
	s.at = s.at.Add(-endedPace)
	if err := s.load(read); err != nil || reads != 2 {
		t.Errorf("%d reads after the pace was over, %v; want 2", reads, err)
	}
}

func TestPlacesAreLookedForABoundedNumberOfTimesASecond(t *testing.T) {
	var p pacer
	now := time.Unix(1_800_000_000, 0)
	allowed := 0
	for range 3 * mostPlaces {
		if p.allow(now) {
			allowed++
		}
	}
	if allowed != mostPlaces || !p.allow(now.Add(time.Second)) {
		t.Errorf("%d were allowed; want %d, and more in the next second", allowed, mostPlaces)
	}
}
