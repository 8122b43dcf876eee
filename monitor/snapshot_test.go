package monitor_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// run runs a monitor until the returned function is called, or the end of the test.
func run(t *testing.T, m *monitor.Monitor) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx); close(done) }()
	stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run returned %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

func TestASnapshotShowsTheWholeCell(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 3, map[string]int{"default": 2}, "echo")
		lost, gone := register(t, c, "lost", 1, map[string]int{"none": 1}, "echo"), register(t, c, "gone", 1, map[string]int{"none": 1}, "echo")
		silent(t, c, lost)
		must(t, newMonitor(c).Reclaim(t.Context()))
		_, err := gone.Leave(t.Context())
		must(t, err)
		submit(t, c, some(5, "t", queue.Task{})...)
		submit(t, c, queue.Task{ID: "m", Queue: "mail"}, queue.Task{ID: "later", Queue: "mail", Delay: time.Hour})
		_, leases := turn(t, w, 2)
		turn(t, w, 0, leases[0])
		must(t, c.Pause(t.Context(), "mail"))
		s, l, err := monitor.ReadListing(t.Context(), c, 10)
		must(t, err)

		if len(s.Queues) != 2 || s.Queues[0].Name != "default" || s.Queues[1].Name != "mail" {
			t.Fatalf("queues: %+v", s.Queues)
		}
		q := s.Queues[0]
		if q.Pending+q.Assigned != 3 || q.Running != 1 || q.Completed != 1 || q.SubmittedTotal != 5 || q.CompletedTotal != 1 || q.Paused {
			t.Errorf("default: %+v", q)
		}
		if q = s.Queues[1]; q.Pending != 1 || q.Scheduled != 1 || !q.Paused || q.PausedAt == nil || q.SubmittedTotal != 2 {
			t.Errorf("mail: %+v", q)
		}
		if len(s.Workers) != 3 || s.Workers[0].ID != w.ID() || s.Workers[0].State != queue.WorkerReady {
			t.Fatalf("workers: %+v", s.Workers)
		}
		live := s.Workers[0]
		if live.Name != "w" || live.Slots != 3 || live.Running != 1 || live.Queues["default"] != 2 || !slices.Equal(live.Types, []string{"echo"}) ||
			len(live.CurrentTasks) != 1 || live.CurrentTasks[0].ID != "t1" || live.CurrentTasks[0].Attempt != 1 ||
			live.CurrentTasks[0].Type != "echo" || live.CurrentTasks[0].Queue != "default" || live.LastHeartbeatAt.IsZero() {
			t.Errorf("the live worker: %+v", live)
		}
		states := []queue.WorkerState{s.Workers[1].State, s.Workers[2].State}
		slices.Sort(states)
		if !slices.Equal(states, []queue.WorkerState{queue.WorkerGone, queue.WorkerLost}) {
			t.Errorf("the others are %v; want a gone and a lost one", states)
		}
		if s.Totals.Workers != 1 || s.Totals.WorkersLost != 1 || s.Totals.Slots != 3 || s.Totals.SubmittedTotal != 7 || s.Totals.Running != 1 {
			t.Errorf("totals: %+v", s.Totals)
		}
		var on, waiting int
		for _, task := range l.Tasks {
			if strings.HasPrefix(task.Location, "processing:"+w.ID()) {
				on++
			} else if task.Location == "task_queue" {
				waiting++
			}
		}
		if l.QueueSize != 5 || len(l.Tasks) != 5 || on != live.Assigned+1 || on+waiting != 5 || l.Tasks[0].ID != "t1" {
			t.Errorf("the listing: %+v", l)
		}
	})
}

func TestTheJSONOfASnapshotHasTheContractsNames(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		s, err := monitor.ReadSnapshot(t.Context(), c)
		must(t, err)
		s.At = queue.Time{}
		text, err := json.Marshal(s)
		must(t, err)
		want := `{"type":"snapshot","seq":0,"at":"0001-01-01T00:00:00.000Z","queues":[{"name":"default","pending":0,"assigned":0,` +
			`"running":0,"scheduled":0,"retry":0,"completed":0,"failed":0,"canceled":0,"paused":false,"oldest_pending_seconds":0,` +
			`"submitted_total":0,"completed_total":0,"failed_total":0,"canceled_total":0,"retried_total":0}],"workers":`
		if !strings.HasPrefix(string(text), want) {
			t.Errorf("got  %s\nwant %s...", text, want)
		}
	})
}

func TestTheOldestPendingTaskCountsFromWhenItCouldRun(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "a", Queue: "old"}, queue.Task{ID: "far", Queue: "far", Delay: time.Hour})
		record := c.Redis().HGet(t.Context(), c.Keys().Tasks(), "a").Val()
		created := get(t, c, "a").CreatedAt
		old := strings.Replace(record, ms(created), ms(created.Add(-90*time.Second)), 1)
		must(t, c.Redis().HSet(t.Context(), c.Keys().Tasks(), "a", old).Err())
		s, err := monitor.ReadSnapshot(t.Context(), c)
		must(t, err)
		for _, q := range s.Queues {
			age := q.OldestPendingSeconds
			if q.Name == "old" && (age < 90 || age > 90+patience.Seconds()) || q.Name != "old" && age != 0 {
				t.Errorf("queue %s: %v s; want 90 in queue old, and 0 elsewhere", q.Name, age)
			}
		}
		if s.Totals.OldestPendingSeconds < 90 {
			t.Errorf("in all: %v s", s.Totals.OldestPendingSeconds)
		}
	})
}

func TestASnapshotIsPublishedSoonAfterAChangeAndAtTheEnd(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		got := monitor.Subscribe(t.Context(), c)
		stop := run(t, newMonitor(c))
		first := receive(t, got, "a first snapshot")
		eventually(t, "the others have been published", func() bool { // its own start is a change
			select {
			case first = <-got:
				return false
			case <-time.After(300 * time.Millisecond):
				return true
			}
		})
		began := time.Now()
		submit(t, c, some(3, "t", queue.Task{})...)
		next := receive(t, got, "a snapshot after the submit")
		if took := time.Since(began); next.Totals.Pending != 3 || next.Seq <= first.Seq || took > 2*time.Second {
			t.Errorf("after %v: %+v, seq %d after %d", took, next.Totals, next.Seq, first.Seq)
		} else {
			t.Logf("published %v after the submit", took)
		}
		stop()
		last := receive(t, got, "a last snapshot")
		if last.Seq <= next.Seq || last.Totals.Pending != 3 || last.Rates.Submitted <= 0 {
			t.Errorf("the last one: seq %d after %d, %+v, %+v", last.Seq, next.Seq, last.Totals, last.Rates)
		}
		again, err := monitor.ReadSnapshot(t.Context(), c)
		must(t, err)
		if again.Seq != last.Seq || again.Rates != last.Rates {
			t.Errorf("read: seq %d, %+v; published: %d, %+v", again.Seq, again.Rates, last.Seq, last.Rates)
		}
	})
}

func TestRatesAreWhatHappenedASecond(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		got := monitor.Subscribe(t.Context(), c)
		w := register(t, c, "w", 50, nil, "echo")
		run(t, newMonitor(c))
		receive(t, got, "a first snapshot")
		submit(t, c, some(50, "t", queue.Task{})...)
		_, leases := turn(t, w, 50)
		var reports []workers.Report
		for i, l := range leases {
			kind := []workers.Kind{workers.Complete, workers.Retry, workers.Fail}[i%3]
			reports = append(reports, workers.Report{TaskID: l.ID, Attempt: 1, Kind: kind, Delay: time.Hour, Reason: queue.ReasonNoRetry})
		}
		_, _, err := w.Turn(t.Context(), reports, 0)
		must(t, err)
		eventually(t, "all show in the rates", func() bool {
			s := receive(t, got, "a snapshot")
			r := s.Rates
			return r.Submitted > 0 && r.Completed > 0 && r.Failed > 0 && r.Retried > 0 && r.Submitted > r.Completed
		})
	})
}
