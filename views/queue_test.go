package views

import (
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
)

// endedAfter are n tasks that waited 1, 2 .. n s and ran ten times as long.
func endedAfter(n int) []queue.Ended {
	list := make([]queue.Ended, n)
	for i := range list {
		started := noon.Add(time.Duration(i+1) * time.Second)
		list[i] = queue.Ended{CreatedAt: noon, StartedAt: started, FinishedAt: started.Add(time.Duration(i+1) * 10 * time.Second)}
	}
	return list
}

func TestPercentilesSayWhatTheyAreOf(t *testing.T) {
	never := queue.Ended{CreatedAt: noon, FinishedAt: noon}
	for _, c := range []struct {
		name      string
		ended     []queue.Ended
		p95, note string
	}{
		{"none", nil, "–", "none of its tasks ended lately"},
		{"one that never started", []queue.Ended{never}, "–", "none of its tasks ended lately"},
		{"one", endedAfter(1), "1.0 s", "p50 1.0 s; of the last one that ended"},
		{"twenty", endedAfter(20), "19 s", "p50 10 s; of the last 20 that ended"},
		{"twenty and one that never started", append(endedAfter(20), never), "19 s", "p50 10 s; of the last 20 that ended"},
	} {
		got := newSpread(c.ended, queue.Ended.Wait)
		if got.p95 != c.p95 || got.note() != c.note {
			t.Errorf("%s: got %s, %q; want %s, %q", c.name, got.p95, got.note(), c.p95, c.note)
		}
	}
}

func TestAWaitBeginsWhenTheTaskBecameDue(t *testing.T) {
	e := queue.Ended{CreatedAt: at(60), DueAt: at(10), StartedAt: at(8)}
	if wait, _ := e.Wait(); wait != 2*time.Second {
		t.Errorf("got %v; want 2s", wait)
	}
}

func TestAQueueWithoutAHistoryHasNoRates(t *testing.T) {
	d := OverviewData{Now: noon, Snap: &monitor.Snapshot{Queues: []queue.Queue{{Name: "known"}, {Name: "other"}}}, ByQueue: map[string][]Sample{
		"known": {{At: at(20)}, {At: at(5), Submitted: 40, Completed: 20, Failed: 10}},
	}}
	rows := NewQueues(d).Rows
	if rows[0].In != "4.0/s" || rows[0].Out != "3.0/s" || rows[1].In != "–" || rows[1].Out != "–" {
		t.Errorf("got %q %q and %q %q; want 4.0/s 3.0/s and none", rows[0].In, rows[0].Out, rows[1].In, rows[1].Out)
	}
}

func TestOutRatesAreOfWhatTheHistoryCovers(t *testing.T) {
	ended := func(seconds float64, n int64) Sample {
		return Sample{At: at(seconds), Completed: n / 2, Failed: n - n/2}
	}
	for _, c := range []struct {
		name       string
		history    []Sample
		slow, fast float64
	}{
		{"no history", nil, 0, 0},
		{"nothing ended", []Sample{ended(400, 9)}, 0, 0},
		{"young", []Sample{ended(20, 0), ended(5, 20)}, 2, 2},
		{"slower now", []Sample{ended(400, 0), ended(61, 300), ended(11, 400), ended(1, 410)}, 1, 110.0 / 60},
		{"nothing in ten seconds", []Sample{ended(100, 0), ended(61, 0), ended(30, 60)}, 1, 1},
	} {
		if slow, fast := OutRates(c.history, noon); slow != c.slow || fast != c.fast {
			t.Errorf("%s: got %v to %v; want %v to %v", c.name, slow, fast, c.slow, c.fast)
		}
	}
}

func TestAQueueSaysWhyItsTasksWait(t *testing.T) {
	worker := queue.Worker{State: queue.WorkerReady, Slots: 1, Queues: map[string]int{"email": 1}}
	lost := worker
	lost.State = queue.WorkerLost
	draining := worker
	draining.State = queue.WorkerDraining
	since := queue.Time{Time: at(30)}
	for _, c := range []struct {
		name    string
		q       queue.Queue
		workers []queue.Worker
		want    string
	}{
		{"nobody", queue.Queue{Name: "email", Pending: 120}, []queue.Worker{lost}, "No worker is listening on email. 120 tasks are waiting."},
		{"one that drains", queue.Queue{Name: "email", Pending: 1}, []queue.Worker{draining}, "No worker is listening on email. 1 task is waiting."},
		{"paused", queue.Queue{Name: "email", Pending: 2, Paused: true, PausedAt: &since}, []queue.Worker{worker}, "Paused 30 s ago. 2 tasks are waiting."},
		{"somebody", queue.Queue{Name: "email", Pending: 120}, []queue.Worker{worker}, "120 tasks waiting for 1 worker."},
		{"idle", queue.Queue{Name: "email"}, []queue.Worker{worker}, "Nothing waits. 1 worker listening."},
		{"deserted", queue.Queue{Name: "email"}, nil, "Nothing waits, and no worker is listening."},
	} {
		d := OverviewData{Now: noon, Snap: &monitor.Snapshot{At: queue.Time{Time: noon}, Queues: []queue.Queue{c.q}, Workers: c.workers}}
		if got := NewQueue(d, "email", nil).Summary; got != c.want {
			t.Errorf("%s: got %q; want %q", c.name, got, c.want)
		}
	}
}

func TestFilesBeginAtTheFirstPage(t *testing.T) {
	got := FileHref(queue.Filter{State: queue.Failed, Queue: "a", After: "x"}, "csv")
	if got != "/tasks.csv?queue=a&state=failed" || FileHref(queue.Filter{}, "json") != "/tasks.json" {
		t.Errorf("got %s", got)
	}
}

func TestPastWorkersAreFoldedWithTheirNumbers(t *testing.T) {
	d := sampleData("x")
	if page := render(t, WorkerList(NewWorkers(d))); !strings.Contains(page, `<details id="workers-past" class="past"><summary>No longer working: 1 lost in the last hour`) {
		t.Errorf("not folded: %s", page)
	}
	if page := render(t, WorkerList(newWorkerTable(d, true))); strings.Contains(page, "<details") || !strings.Contains(page, "/workers/w-0") {
		t.Errorf("the overview hides a lost worker: %s", page)
	}
}
