package chaos

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

func TestRow21AFloodOfRetriesDoesNotHoldUpOtherQueues(t *testing.T) {
	row(t, 21, "100k retries due at once", func(f *fault) {
		s := newSite(f, harness.Setup{WorkerTimeout: calm})
		n := size(5000, 100_000)
		due := s.flood(n)
		s.crew(2, size(8, 16))
		done := make(chan struct{})
		kept := make(chan int)
		go func() { kept <- s.keepCalm(done) }()
		f.pass(time.Until(due))
		harness.UntilWithin(f, 10*time.Minute, "the flood has run off", func() error {
			counts := s.rdb().HMGet(f.Context(), s.client.Keys().Counts(), "flood|y", "flood|p", "flood|a", "flood|r")
			if err := counts.Err(); err != nil {
				return err
			}
			for _, left := range counts.Val() {
				if left != nil && left != "0" {
					return fmt.Errorf("retry, pending, assigned, running: %v", counts.Val())
				}
			}
			return nil
		})
		f.figure("flood_ran_off_in_ms", float64(time.Since(due).Milliseconds()))
		close(done)
		f.figure("calm_tasks", float64(<-kept))
		s.drain()
		s.waits(s.verify(0, 0), due)
	})
}

// source is workers in this process that make a flood.
type source struct {
	s        *site
	sessions []*workers.Session
	running  [][]workers.Report // by session
}

const (
	sourceHolds = 5000 // tasks a session
	turnHolds   = 250
)

// flood makes n retries of the queue "flood" that are due at one moment, which it returns.
func (s *site) flood(n int) time.Time {
	s.f.Helper()
	src := &source{s: s}
	for made := 0; made < n; made += sourceHolds {
		src.begin(made, min(sourceHolds, n-made))
	}
	due := time.Now().Add(size(3*time.Second, 20*time.Second))
	for i, session := range src.sessions {
		for reports := range slices.Chunk(src.running[i], turnHolds) {
			for j := range reports {
				reports[j].Delay = max(time.Until(due), 0)
			}
			if _, _, err := session.Turn(s.f.Context(), reports, 0); err != nil {
				s.f.Fatal(err)
			}
			src.beat()
		}
	}
	for _, session := range src.sessions {
		if _, err := session.Leave(s.f.Context()); err != nil {
			s.f.Fatal(err)
		}
	}
	s.f.figure("made_before_it_is_due_ms", float64(time.Until(due).Milliseconds()))
	return due
}

// begin submits n tasks and starts them all on one worker.
func (src *source) begin(from, n int) {
	f, ctx := src.s.f, src.s.f.Context()
	f.Helper()
	cfg := workers.Config{Name: "source", Slots: sourceHolds, Queues: map[string]int{"flood": 1}}
	session, err := workers.Register(ctx, src.s.client, cfg, []string{"work"})
	if err != nil {
		f.Fatal(err)
	}
	src.sessions = append(src.sessions, session)
	var reports []workers.Report
	for ids := range slices.Chunk(make([]queue.Task, n), turnHolds) {
		for i := range ids {
			ids[i] = queue.Task{ID: fmt.Sprintf("F%d", from+len(reports)+i), Queue: "flood", Type: "work", Payload: []byte(`{"ms":1}`)}
		}
		src.s.takeByClient(ids)
		for started := 0; started < len(ids); {
			_, leases, err := session.Turn(ctx, nil, turnHolds)
			if err != nil {
				f.Fatal(err)
			}
			for _, task := range leases {
				reports = append(reports, workers.Report{
					TaskID: task.ID, Attempt: task.Attempt, Kind: workers.Retry, Outcome: queue.OutcomeError, Error: "flood",
				})
			}
			started += len(leases)
		}
		src.beat()
	}
	src.running = append(src.running, reports)
}

// beat shows that the sources live.
func (src *source) beat() {
	src.s.f.Helper()
	for _, session := range src.sessions {
		if _, err := session.Heartbeat(src.s.f.Context(), sourceHolds); err != nil {
			src.s.f.Fatal(err)
		}
	}
}

// keepCalm gives the queue "calm" a task every few ms until done, and returns how many.
func (s *site) keepCalm(done <-chan struct{}) int {
	return s.f.during(done, 2*time.Millisecond, 8*time.Millisecond, func() {
		task := quick(fmt.Sprintf("calm-%d", time.Now().UnixNano()))
		task["queue"] = "calm"
		s.submit(task)
	})
}

// waits measures how long calm tasks waited for their start, of those submitted since the flood came.
func (s *site) waits(census *harness.Census, due time.Time) {
	s.f.Helper()
	var waits []time.Duration
	for id, task := range census.Tasks {
		switch {
		case task.State != queue.Completed:
			s.f.Errorf("%s ended as %s", id, task.State)
		case strings.HasPrefix(id, "calm-") && task.CreatedAt.After(due):
			waits = append(waits, task.StartedAt.Sub(task.CreatedAt))
		case strings.HasPrefix(id, "F") && task.Attempt != 2:
			s.f.Errorf("%s ended at attempt %d; want 2", id, task.Attempt)
		}
	}
	if len(waits) == 0 {
		s.f.Fatal("no calm task came while the flood ran off")
	}
	slices.Sort(waits)
	s.f.figure("calm_during_the_flood", float64(len(waits)))
	s.f.within("calm_wait_p50", waits[len(waits)/2], time.Second)
	s.f.within("calm_wait_p95", waits[len(waits)*95/100], time.Second)
}
