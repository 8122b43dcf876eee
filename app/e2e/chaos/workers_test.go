package chaos

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
	"github.com/xuniquepatel/queue-pilot/app/queue"
)

func TestRow01KilledWorkersLoseNothing(t *testing.T) {
	row(t, 1, "a worker of 8 killed every 2 s", func(f *fault) {
		s := newSite(f, harness.Setup{})
		crew := s.crew(size(4, 8), 4)
		done := s.load(size(1200, 10000), 20, size(50*time.Millisecond, 25*time.Millisecond), s.work(size(40, 100)))
		kills := f.during(done, size(800*time.Millisecond, 1800*time.Millisecond), size(1200*time.Millisecond, 2200*time.Millisecond), crew.killOne)
		s.drain()
		f.figure("kills", float64(kills))
		s.verify(kills, crew.slots)
	})
}

// gated returns a task that waits at the gate "go", or at the worker's own "go@NAME".
func gated(id, kind, then, by string) harness.New {
	return harness.New{"id": id, "type": kind, "payload": map[string]string{"gate": "go", "then": then, "by": by}}
}

func TestRow02AZombieCanRecordNothing(t *testing.T) {
	row(t, 2, "worker frozen for 2 leases (SIGSTOP), then let go", func(f *fault) {
		s := newSite(f, harness.Setup{})
		zombie := s.worker("zombie", 4)
		s.submit(gated("completes", "stubborn", "", ""), gated("fails", "stubborn", "fail", "zombie"),
			gated("progresses", "stubborn", "progress", "zombie"), gated("listens", "gate", "", ""))
		ids := s.ids()
		s.UntilState("running", ids...)
		s.worker("heir", 4)
		frozen, before := time.Now(), zombie.WorkerID()
		zombie.Freeze()
		again := s.UntilTasks("attempt 2 running", func(task harness.Task) bool {
			return task.State == "running" && task.Attempt == 2
		}, ids...)
		slowest := slices.MaxFunc(again, func(a, b harness.Task) int { return a.StartedAt.Compare(*b.StartedAt) })
		f.within("slowest_recovery", slowest.StartedAt.Sub(frozen), lease()+time.Second)
		f.pass(2*lease() - time.Since(frozen))
		zombie.Thaw()
		s.untilExecuted("cancelled", "listens", "zombie")
		s.gates.Open(f, "go@zombie")
		for _, id := range []string{"completes", "fails", "progresses"} {
			s.untilExecuted("end", id, "zombie")
		}
		harness.Until(f, "the zombie is back under a new id: whatever it had to say was said", func() error {
			if zombie.WorkerID() == before {
				return errors.New("it is not")
			}
			return nil
		})
		for _, id := range ids {
			task, err := s.client.Get(f.Context(), id)
			if err != nil || task.State != queue.Running || task.Attempt != 2 || task.LastProgress != nil {
				f.Errorf("after the zombie's reports task %s is %+v, %v; want attempt 2 running, without progress", id, task, err)
			}
		}
		s.gates.Open(f, "go")
		s.drain()
		s.verify(1, 4)
		for _, id := range ids {
			if diff := cmp.Diff([]string{"1 lost zombie", "2 ok heir"}, s.outcomes(id)); diff != "" {
				f.Errorf("attempts of %s (-want +got):\n%s", id, diff)
			}
		}
	})
}

// untilExecuted waits until the log outside Redis says what of a task by the worker called name.
func (s *site) untilExecuted(what, id, name string) {
	s.f.Helper()
	harness.Until(s.f, fmt.Sprintf("%s %s by %s is executed", what, id, name), func() error {
		all := s.gates.Executions(s.f)
		if slices.ContainsFunc(all, func(e harness.Execution) bool { return e.What == what && e.Task == id && e.Worker == name }) {
			return nil
		}
		return fmt.Errorf("the log has %v", all)
	})
}

// outcomes are "number outcome worker's name" of each attempt of a task.
func (s *site) outcomes(id string) []string {
	s.f.Helper()
	attempts, err := s.client.Attempts(s.f.Context(), id)
	if err != nil {
		s.f.Fatal(err)
	}
	all := make([]string, len(attempts))
	for i, a := range attempts {
		name, _, _ := strings.Cut(a.WorkerID, "-")
		all[i] = fmt.Sprintf("%d %s %s", a.Attempt, a.Outcome, name)
	}
	return all
}

func TestRow03ALongTaskOnABusyMachineKeepsItsLease(t *testing.T) {
	row(t, 3, "a task of 10 leases, all CPUs busy", func(f *fault) {
		const lease = 5 * time.Second // the default; in the quick cut other rows burn the same CPUs
		s := newSite(f, harness.Setup{WorkerTimeout: lease})
		s.worker("busy", 1, "-burn", size("2", "4"))
		s.submit(gated("long", "gate", "", ""))
		s.UntilState("running", "long")
		f.pass(size[time.Duration](2, 10) * lease)
		s.gates.Open(f, "go")
		s.drain()
		s.verify(0, 1)
		if diff := cmp.Diff([]string{"1 ok busy"}, s.outcomes("long")); diff != "" {
			f.Errorf("attempts (-want +got):\n%s", diff)
		}
	})
}

func TestRow04WhatDiedWithoutAMonitorIsRecovered(t *testing.T) {
	row(t, 4, "monitor off while workers die", func(f *fault) {
		s := newSite(f, harness.Setup{})
		a, b := s.worker("a", 4), s.worker("b", 4)
		for i := range 8 {
			s.submit(gated(fmt.Sprintf("T%d", i), "gate", "", ""))
		}
		s.UntilState("running", s.ids()...)
		s.Monitor.Kill()
		a.Kill()
		b.Kill()
		s.worker("c", 8)
		f.pass(2 * lease())
		if n := s.gates.Starts(f); n != 8 {
			f.Errorf("%d executions without a monitor; want the first 8 only", n)
		}
		back := time.Now()
		s.Monitor = s.Role("monitor", "monitor")
		s.UntilTasks("attempt 2 running", func(task harness.Task) bool {
			return task.State == "running" && task.Attempt == 2
		}, s.ids()...)
		// After a silence of its own the monitor gives all one more lease to show that they live.
		f.within("recovery_after_its_return", time.Since(back), lease()+time.Second)
		s.gates.Open(f, "go")
		s.drain()
		s.verify(2, 4)
	})
}

// bystander is a long task that poison may take down with its worker again and again.
func bystander(i int) harness.New {
	task := gated(fmt.Sprint("bystander", i), "gate", "", "")
	task["max_attempts"] = 20
	return task
}

// poison is a task that takes its worker down. It has attempts left when it has lost six, so that no other reason ends it.
func poison(id, kind string) harness.New {
	return harness.New{"id": id, "type": kind, "max_attempts": 20}
}

func TestRow16PoisonFailsAndTheOthersAreUnharmed(t *testing.T) {
	row(t, 16, "handlers that exit, panic or exhaust memory; unreadable records", func(f *fault) {
		s := newSite(f, harness.Setup{})
		crew := s.crew(4, 4) // of which a bystander is not on each that dies: who lost six is failed, poison or not
		for _, w := range crew.workers {
			w.MayCrash()
		}
		s.breakRecord("unreadable")
		s.submit(poison("exits", "exit"), poison("hoards", "oom"))
		s.submit(bystander(1), bystander(2), bystander(3))
		done := s.load(size(100, 2000), 10, 50*time.Millisecond, s.work(20))
		deaths := 0
		harness.UntilWithin(f, 5*time.Minute, "the poison has failed", func() error {
			deaths += crew.replaceDead()
			for _, w := range crew.workers {
				w.MayCrash()
			}
			for _, id := range []string{"exits", "hoards"} {
				if task := s.Task(id); task.State != "failed" {
					return fmt.Errorf("%s is %+v after %d deaths", id, task, deaths)
				}
			}
			return nil
		})
		<-done
		s.submit(harness.New{"id": "panics", "type": "panic", "max_attempts": 1}) // takes nobody down
		s.gates.Open(f, "go")
		s.drain()
		f.figure("dead_workers", float64(deaths))
		census := s.verify(deaths, 2*crew.slots)
		for id, want := range map[string]queue.Reason{
			"exits": queue.ReasonWorkerLost, "hoards": queue.ReasonWorkerLost, "panics": queue.ReasonAttemptsExhausted,
		} {
			if task := census.Tasks[id]; task == nil || task.Reason != want {
				f.Errorf("%s ended as %+v; want the reason %s", id, task, want)
			}
		}
		for id, task := range census.Tasks {
			if task.Type != "exit" && task.Type != "oom" && task.Type != "panic" && task.State != queue.Completed {
				f.Errorf("%s, which is no poison, ended as %s (%s)", id, task.State, task.Reason)
			}
		}
		if most := 2 * 2 * queue.MaxLosses; deaths > most { // twice where both began at once
			f.Errorf("two poisoned tasks took down %d workers; want at most %d", deaths, most)
		}
		s.keepsUnreadable("unreadable")
	})
}

func TestRow17ARollingRestartSpendsNothing(t *testing.T) {
	row(t, 17, "rolling restart (SIGTERM) of the workers ×20", func(f *fault) {
		s := newSite(f, harness.Setup{WorkerTimeout: calm})
		crew := s.crew(size(2, 4), 4, "-shutdown-timeout", "200ms")
		loaded := s.load(size(1500, 12000), 20, 50*time.Millisecond, s.work(size(100, 400)))
		restarts := 0
		for i := 0; i < size(5, 20); i++ {
			crew.restart(i % len(crew.workers))
			restarts++
		}
		<-loaded
		s.drain()
		f.figure("restarts", float64(restarts))
		census := s.verify(restarts, crew.slots)
		for id, task := range census.Tasks {
			if task.Attempt != 1 || task.Losses != 0 {
				f.Errorf("%s is at attempt %d with %d lost workers; want the first attempt", id, task.Attempt, task.Losses)
			}
		}
		if lost := census.LostWorkers(); len(lost) > 0 {
			f.Errorf("%v were lost by a restart in order; want none", lost)
		}
	})
}
