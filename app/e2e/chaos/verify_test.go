package chaos

import (
	"time"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// verify checks the invariants after a drain, and notes the figures. inFlight bounds how many tasks could be under way
// when each of the faults struck.
//
//	I1 each id that was answered 2xx is final       I2 one recorded final outcome an id
//	I3 a dead worker's work runs again in time      I4 executed at least once, and again at most once a fault
//	I5 submitted = the sum of all states            I6 no key, id or counter that belongs to nothing
//	I7 what got no 2xx neither vanished nor doubled when it was sent again: it is among the ids of I1, I2 and I5
func (s *site) verify(faults, inFlight int) *harness.Census {
	s.f.Helper()
	census := s.census() // I5, I6
	ids := unique(s.ids())
	s.f.note(func(r *figures) { r.Tasks += len(ids) })
	s.allFinal(census, ids)          // I1
	s.recordedOnce(census, len(ids)) // I2
	s.executed(ids, faults*inFlight) // I4
	s.recovered(census)              // I3
	return census
}

// census takes a census and checks that it adds up.
func (s *site) census() *harness.Census {
	s.f.Helper()
	census, err := harness.TakeCensus(s.f.Context(), s.client)
	if err != nil {
		s.f.Fatal(err)
	}
	for _, broken := range census.Faults() {
		s.f.Errorf("the census: %s", broken)
	}
	return census
}

func unique(ids []string) []string {
	seen := map[string]bool{}
	var once []string
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			once = append(once, id)
		}
	}
	return once
}

func (f *fault) note(change func(*figures)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.result)
}

func (s *site) allFinal(census *harness.Census, ids []string) {
	s.f.Helper()
	lost := 0
	for _, id := range ids {
		if task := census.Tasks[id]; task == nil || !task.State.Final() {
			lost++
			s.f.Errorf("task %s was answered 2xx and is now %+v", id, task)
		}
	}
	s.f.note(func(r *figures) { r.Lost += lost })
	if len(census.Tasks) != len(ids) {
		s.f.Errorf("%d tasks are there, %d were answered 2xx", len(census.Tasks), len(ids))
	}
}

// recordedOnce compares the totals, which count every recorded end, with the number of tasks: one that was canceled and
// retried ends twice.
func (s *site) recordedOnce(census *harness.Census, n int) {
	s.f.Helper()
	if twice := census.Ends() - n - s.redriven; twice != 0 {
		s.f.note(func(r *figures) { r.Twice += max(twice, 0) })
		s.f.Errorf("%d final outcomes were recorded for %d tasks, of which %d were redriven", census.Ends(), n, s.redriven)
	}
}

// executed counts in the log outside Redis.
func (s *site) executed(ids []string, most int) {
	s.f.Helper()
	starts := map[string]int{}
	for _, e := range s.gates.Executions(s.f) {
		if e.What == "start" {
			starts[e.Task]++
		}
	}
	extra := 0
	for _, id := range ids {
		if starts[id] == 0 {
			s.f.Errorf("task %s was never executed", id)
		}
		extra += max(starts[id]-1, 0)
	}
	s.f.note(func(r *figures) { r.Extra += extra })
	if extra > most {
		s.f.Errorf("%d executions beyond the first; at most %d tasks were in flight when the faults struck", extra, most)
	}
}

// recovered measures from a worker's death to the next start of each task that it ran. A task that lost two workers
// may have to wait apart (see reclaim.lua), so only the first loss counts.
func (s *site) recovered(census *harness.Census) {
	s.f.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kills) == 0 {
		return
	}
	var slowest time.Duration
	for id, task := range census.Tasks {
		if task.Losses != 1 {
			continue
		}
		attempts, err := s.client.Attempts(s.f.Context(), id)
		if err != nil {
			s.f.Fatal(err)
		}
		for i, a := range attempts[:max(len(attempts)-1, 0)] {
			killed, ours := s.kills[a.WorkerID]
			if a.Outcome == queue.OutcomeLost && ours {
				took := attempts[i+1].StartedAt.Sub(killed)
				slowest = max(slowest, took)
				s.f.note(func(r *figures) { r.Recoveries = append(r.Recoveries, took) })
			}
		}
	}
	s.f.within("slowest_recovery", slowest, lease()+time.Second)
}
