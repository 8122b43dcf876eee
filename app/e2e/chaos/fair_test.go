package chaos

import (
	"fmt"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/scheduler"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// fairness is the most that the most loaded of equal workers may have, as a multiple of the least loaded.
const fairness = 1.2

func TestRow20AThousandWorkersShareFairly(t *testing.T) {
	row(t, 20, "1,000 workers, 100k tasks", func(f *fault) {
		h := newHall(f, size(100, 1000))
		n := size(10_000, 100_000)
		h.submit(n / 2)
		h.untilAssigned()
		h.slowest("submit")
		h.spread("assigned", h.assigned())
		h.look()
		for h.run < n {
			h.round(n)
		}
		h.slowest("turn")
		h.spread("ran", h.ran)
		h.end(n)
	})
}

// hall is many workers in this process, which take turns.
type hall struct {
	*site
	sessions []*workers.Session
	holds    [][]workers.Report // by worker: what it runs, as it will report it
	ran      []int              // by worker
	run      int                // by all
	sent     int
}

const hallSlots = 128

func newHall(f *fault, n int) *hall {
	redis := newWatchedRedis(f)
	h := &hall{site: &site{f: f, client: openClient(f, redis.URL())}, holds: make([][]workers.Report, n), ran: make([]int, n)}
	for i := range n {
		cfg := workers.Config{Name: fmt.Sprintf("w%d", i), Slots: hallSlots, WorkerTimeout: time.Hour}
		session, err := workers.Register(f.Context(), h.client, cfg, []string{"work"})
		if err != nil {
			f.Fatal(err)
		}
		h.sessions = append(h.sessions, session)
	}
	h.slowest("register")
	return h
}

// untilAssigned is a scheduler until everything is given away that submit left over. It has no loops: these workers
// start nothing until it is their turn, which level would mend.
func (h *hall) untilAssigned() {
	h.f.Helper()
	clock := scheduler.New(h.client, scheduler.Config{})
	harness.Until(h.f, "every task is assigned", func() error {
		if err := clock.Schedule(h.f.Context()); err != nil {
			return err
		}
		n, err := h.rdb().HGet(h.f.Context(), h.client.Keys().Counts(), queue.DefaultQueue+"|p").Result()
		switch {
		case queue.IsNil(err): // no script left one pending, ever
			return nil
		case err == nil && n != "0":
			return fmt.Errorf("%s are pending", n)
		}
		return err
	})
}

// submit submits n more tasks.
func (h *hall) submit(n int) {
	h.f.Helper()
	for n > 0 {
		tasks := make([]queue.Task, min(n, manyInACall))
		for i := range tasks {
			tasks[i] = queue.Task{ID: fmt.Sprintf("T%d", h.sent+i), Type: "work", Payload: []byte(`{"ms":1}`)}
		}
		if _, err := h.client.Submit(h.f.Context(), tasks...); err != nil {
			h.f.Fatal(err)
		}
		h.sent, n = h.sent+len(tasks), n-len(tasks)
	}
}

// assigned counts what Redis has given to each worker.
func (h *hall) assigned() []int {
	h.f.Helper()
	loads := make([]int, len(h.sessions))
	for i, session := range h.sessions {
		n, err := h.rdb().LLen(h.f.Context(), h.client.Keys().Processing(session.ID())).Result()
		if err != nil {
			h.f.Fatal(err)
		}
		loads[i] = int(n)
	}
	return loads
}

// spread notes how far the workers are apart.
func (h *hall) spread(what string, loads []int) {
	h.f.Helper()
	least, most := loads[0], loads[0]
	for _, n := range loads {
		least, most = min(least, n), max(most, n)
	}
	ratio := float64(most) / float64(max(least, 1))
	h.f.figure("most_to_least_"+what, ratio)
	if ratio > fairness {
		h.f.Errorf("%s: the least loaded worker has %d, the most loaded %d: %.2f times as many; promised: %v", what, least, most, ratio, fairness)
	}
}

// look times a snapshot with all workers busy.
func (h *hall) look() {
	h.f.Helper()
	for i := range h.sessions {
		h.turn(i)
	}
	h.slowest("start")
	began := time.Now()
	if _, err := monitor.ReadSnapshot(h.f.Context(), h.client); err != nil {
		h.f.Fatal(err)
	}
	h.f.figure("snapshot_of_busy_workers_ms", float64(time.Since(began).Milliseconds()))
	most, _, _ := h.slow("snapshot")
	h.f.figure("slowest_call_to_snapshot_ms", float64(most.Milliseconds()))
}

// round lets each worker take a turn, in random order, while as much new work comes as is done, up to n tasks.
func (h *hall) round(n int) {
	h.f.Helper()
	h.f.mu.Lock()
	order := h.f.rand.Perm(len(h.sessions))
	h.f.mu.Unlock()
	for _, i := range order {
		done := h.turn(i)
		h.submit(min(done, n-h.sent))
	}
}

// turn reports all that worker i runs as done and starts what it is given. It returns how many were done.
func (h *hall) turn(i int) int {
	h.f.Helper()
	verdicts, leases, err := h.sessions[i].Turn(h.f.Context(), h.holds[i], hallSlots)
	if err != nil {
		h.f.Fatal(err)
	}
	for j, v := range verdicts {
		if v != workers.Recorded {
			h.f.Errorf("the report of %s was not recorded: %d", h.holds[i][j].TaskID, v)
		}
	}
	h.ran[i], h.run = h.ran[i]+len(verdicts), h.run+len(verdicts)
	h.holds[i] = h.holds[i][:0]
	for _, task := range leases {
		h.holds[i] = append(h.holds[i], workers.Report{
			TaskID: task.ID, Attempt: task.Attempt, Kind: workers.Complete, Outcome: queue.OutcomeOK,
			Queue: task.Queue, Retention: task.Retention,
		})
	}
	return len(verdicts)
}

func (h *hall) end(n int) {
	h.f.Helper()
	census := h.f.noFaults(h.client)
	for id, task := range census.Tasks {
		if task.State != queue.Completed || task.Attempt != 1 {
			h.f.Errorf("%s ended as %s at attempt %d", id, task.State, task.Attempt)
		}
	}
	if len(census.Tasks) != n || census.Ends() != n {
		h.f.Errorf("%d tasks are there and %d ends were recorded, of %d", len(census.Tasks), census.Ends(), n)
	}
	h.f.note(func(r *figures) { r.Tasks += n })
}
