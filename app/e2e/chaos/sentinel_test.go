package chaos

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

// newSentinelSite is a site on a Sentinel group; args are further arguments of its processes.
func newSentinelSite(f *fault, group *redistest.Sentinel, args ...string) *site {
	f.Helper()
	s := newSite(f, harness.Setup{Address: func(string) string { return group.URL() }, Args: args})
	s.client = openClient(f, group.URL())
	return s
}

func TestRow13AFailoverLosesNoMoreThanWhatWasNotReplicated(t *testing.T) {
	row(t, 13, "Sentinel failover: graceful, and with the replica's link cut", func(f *fault) {
		group := redistest.NewSentinel(f)
		s := newSentinelSite(f, group)
		s.crew(2, 4)
		n := size(600, 6000)
		done := s.load(n, 10, 50*time.Millisecond, s.work(20))
		f.pass(300 * time.Millisecond)
		began := time.Now()
		group.Failover()
		f.figure("graceful_failover_ms", float64(time.Since(began).Milliseconds()))
		// The old primary takes writes until the Sentinels tell it that it is none any more.
		unsaid := []window{{began, time.Now().Add(2 * time.Second)}}
		s.consumes("failover", time.Now())

		master, replica := group.Master()
		group.Detach(replica)
		detached := time.Now()
		f.pass(500 * time.Millisecond)
		master.Kill()
		group.UntilMasterIsNot(master.Addr())
		promoted := time.Now()
		f.figure("failover_after_a_death_ms", float64(promoted.Sub(detached).Milliseconds()))
		s.consumes("death", promoted)
		<-done
		unsaid = append(unsaid, window{detached.Add(-time.Second), promoted})
		f.figure("lost_unreplicated", float64(s.forgetLost(unsaid...)))
		s.drain()
		s.verify(s.acceptedIn(unsaid...)+2*8, 1) // what ended and was not replicated runs again
	})
}

// window is a time in which Redis promises nothing of what it answers.
type window struct{ from, to time.Time }

// forgetLost finds the tasks that were answered 2xx and are not there, checks that each was answered in one of the
// windows, and takes them out of the ledger. It returns how many they are.
func (s *site) forgetLost(windows ...window) int {
	s.f.Helper()
	ids := unique(s.ids())
	tasks, err := s.client.GetMany(s.f.Context(), ids)
	if err != nil {
		s.f.Fatal(err)
	}
	lost := 0
	for i, id := range ids {
		if tasks[i] != nil {
			continue
		}
		lost++
		at := s.forget(id)
		if !slices.ContainsFunc(windows, func(w window) bool { return !at.Before(w.from) && !at.After(w.to) }) {
			s.f.Errorf("%s was taken at %v and is lost; only in %v it might be", id, at, windows)
		}
	}
	return lost
}

// acceptedIn is how many tasks that are still there were taken in the windows: about as many ended in them.
func (s *site) acceptedIn(windows ...window) int {
	n := 0
	for _, a := range s.acceptances() {
		if slices.ContainsFunc(windows, func(w window) bool { return !a.at.Before(w.from) && !a.at.After(w.to) }) {
			n++
		}
	}
	return n
}

func TestRow13WhatReplicasConfirmedOutlivesTheMaster(t *testing.T) {
	row(t, 13, "Sentinel failover: graceful, and with the replica's link cut", func(f *fault) {
		group := redistest.NewSentinel(f)
		s := newSentinelSite(f, group, "--wait-replicas", "1")
		s.crew(2, 4)
		n := size(300, 3000)
		done := s.load(n, 10, 50*time.Millisecond, s.work(20))
		f.pass(300 * time.Millisecond)
		master, replica := group.Master()
		group.Detach(replica)
		if s.submit(quick("alone")) {
			f.Error("a task was confirmed although the master has no replica")
		}
		master.Kill()
		group.UntilMasterIsNot(master.Addr())
		master.Start() // the one that is left has no replica to confirm anything: the old master comes back as one
		<-done
		harness.Until(f, "submits are confirmed again", func() error {
			if !s.submit(quick("after")) {
				return fmt.Errorf("refused: %v", s.refused())
			}
			return nil
		})
		s.drain()
		f.figure("confirmed", float64(len(unique(s.ids()))))
		s.verify(2*n, 1)
	})
}
