package chaos

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

func TestRow09ARedisThatCrashesLosesNothingAcknowledged(t *testing.T) {
	row(t, 9, "Redis killed and restarted with its append-only file", func(f *fault) {
		s := newSite(f, harness.Setup{Redis: redistest.New(f, "--appendfsync", "always"), WorkerTimeout: calm})
		crashes := s.crash(size(600, 6000))
		s.drain()
		// An outcome that Redis had not taken when it crashed is reported again; what was not even started runs once.
		census := s.verify(len(crashes), 8)
		if lost := census.LostWorkers(); len(lost) > 0 {
			f.Errorf("%v were lost although every worker lived", lost)
		}
	})
}

// heldBack is how long Redis may hold writes back, by its documentation, while a sync of the file takes longer.
const heldBack = 2 * time.Second

func TestRow09SyncedEverySecondItLosesNoMoreThanASlowDiskHeldBack(t *testing.T) {
	row(t, 9, "Redis killed and restarted with its append-only file", func(f *fault) {
		s := newSite(f, harness.Setup{WorkerTimeout: calm})
		n := size(600, 6000)
		var windows []window
		for _, crash := range s.crash(n) {
			windows = append(windows, window{crash.Add(-heldBack), crash.Add(time.Second)}) // killed a moment after it is noted
		}
		f.figure("lost_on_a_slow_disk", float64(s.forgetLost(windows...)))
		s.drain()
		s.verify(s.acceptedIn(windows...)+8*len(windows), 1) // what ended and was held back runs again
	})
}

// crash kills Redis again and again while n tasks are submitted, and returns when.
func (s *site) crash(n int) (crashes []time.Time) {
	s.f.Helper()
	s.crew(2, 4)
	done := s.load(n, 10, 50*time.Millisecond, s.work(20))
	s.f.during(done, 600*time.Millisecond, 1200*time.Millisecond, func() {
		crashes = append(crashes, time.Now())
		s.Redis.Kill()
		s.f.pass(s.f.between(time.Millisecond, 300*time.Millisecond))
		s.Redis.Start()
	})
	s.f.figure("crashes", float64(len(crashes)))
	return crashes
}

func TestRow09ATruncatedFileLosesItsTailAlone(t *testing.T) {
	row(t, 9, "Redis killed and restarted with its append-only file", func(f *fault) {
		s := newSite(f, harness.Setup{})
		s.worker("w", 4)
		for i := range 200 {
			s.submit(harness.New{"id": fmt.Sprintf("T%d", i), "delay_seconds": 3600})
		}
		s.Redis.Written()
		s.Redis.Kill()
		s.Redis.CutTail(1 + f.intn(300))
		s.Redis.Start()
		s.UntilReady()
		census := s.census()
		lost := 0
		for i := range 200 {
			if census.Tasks[fmt.Sprintf("T%d", i)] == nil {
				lost++
			} else if lost > 0 {
				f.Errorf("T%d is there, one before it is not: more than the tail was lost", i)
			}
		}
		f.figure("lost_by_a_cut_tail", float64(lost))
		if lost > 10 { // 300 bytes hold no more submits than that
			f.Errorf("%d submits are lost with a tail of at most 300 bytes", lost)
		}
		s.submit(quick("after"))
		s.UntilState("completed", "after")
		s.untilRewritten()
		s.Redis.Written()
		s.Redis.Kill()
		s.Redis.Start()
		s.UntilReady()
		if kept, after := s.census().Totals.Kept, census.Totals.Kept+1; kept != after {
			f.Errorf("after the next crash %d tasks are kept; want %d: of what was cut off nothing comes back", kept, after)
		}
	})
}

// untilRewritten waits until Redis has written its append-only file anew since it was started.
func (s *site) untilRewritten() {
	s.f.Helper()
	harness.Until(s.f, "Redis's file is written anew", func() error {
		info, err := s.rdb().InfoMap(s.f.Context(), "persistence").Result()
		if about := info["Persistence"]; err == nil && (about["aof_rewrites"] == "0" || about["aof_rewrite_in_progress"] != "0") {
			err = fmt.Errorf("%s rewrites, one under way: %s", about["aof_rewrites"], about["aof_rewrite_in_progress"])
		}
		return err
	})
}

func TestRow10AnOutageOfThreeLeasesLosesNoWorker(t *testing.T) {
	row(t, 10, "Redis away for 3 leases: stopped, and frozen", func(f *fault) {
		s := newSite(f, harness.Setup{})
		a, b := s.worker("a", 4), s.worker("b", 4)
		for _, away := range []struct {
			name       string
			stop, back func()
		}{{"stopped", s.Redis.Stop, s.Redis.Start}, {"frozen", s.Redis.Pause, s.Redis.Resume}} {
			var ids []string
			for i := range 8 {
				kind := []string{"gate", "stubborn"}[i%2]
				ids = append(ids, fmt.Sprintf("T%d-%s", i, away.name))
				s.submit(harness.New{"id": ids[i], "type": kind, "payload": map[string]string{"gate": away.name}})
			}
			s.UntilState("running", ids...)
			before := []string{a.WorkerID(), b.WorkerID()}
			away.stop()
			f.pass(3 * lease())
			away.back()
			s.UntilReady()
			back := time.Now()
			s.gates.Open(f, away.name)
			s.drain()
			f.within("done_after_return", time.Since(back), lease())
			if diff := cmp.Diff(before, []string{a.WorkerID(), b.WorkerID()}); diff != "" {
				f.Errorf("%s: workers (-before +after):\n%s", away.name, diff)
			}
			s.noneLost(ids)
		}
		census := s.verify(2, 8)
		if lost := census.LostWorkers(); len(lost) > 0 {
			f.Errorf("%v were lost by an outage that all outlived", lost)
		}
	})
}

// noneLost checks that no attempt was taken away from a worker. One that was told to stop gave its tasks back itself.
func (s *site) noneLost(ids []string) {
	s.f.Helper()
	for _, id := range ids {
		attempts, err := s.client.Attempts(s.f.Context(), id)
		if err != nil {
			s.f.Fatal(err)
		}
		for _, a := range attempts {
			if a.Outcome == queue.OutcomeLost {
				s.f.Errorf("attempt %d of %s is recorded as lost", a.Attempt, id)
			}
		}
	}
}

func TestRow11AFlushedScriptCacheIsNoError(t *testing.T) {
	row(t, 11, "SCRIPT FLUSH every 100 ms", func(f *fault) {
		s := newSite(f, harness.Setup{WorkerTimeout: calm})
		crew := s.crew(2, 4)
		done := s.load(size(600, 6000), 10, 20*time.Millisecond, s.work(20))
		flushes := f.during(done, 90*time.Millisecond, 110*time.Millisecond, func() {
			if err := s.rdb().ScriptFlush(f.Context()).Err(); err != nil {
				f.Error(err)
			}
		})
		if refused := s.refused(); len(refused) > 0 {
			f.Errorf("submits were refused, by status: %v", refused)
		}
		s.drain()
		f.figure("flushes", float64(flushes))
		for _, p := range append(crew.workers, s.Web, s.Scheduler, s.Monitor) {
			if n := p.Log().Count(`"level":"WARN"`) + p.Log().Count(`"level":"ERROR"`); n > 0 {
				f.Errorf("%s logged %d warnings", p.Name, n)
			}
		}
		s.verify(0, 0)
	})
}

func TestRow12AFullRedisTakesOutcomesAndRefusesSubmits(t *testing.T) {
	row(t, 12, "Redis out of memory, noeviction", func(f *fault) {
		s := newSite(f, harness.Setup{WorkerTimeout: calm})
		s.crew(2, 8)
		var gates []harness.New
		for i := range 16 {
			gates = append(gates, gated(fmt.Sprintf("G%d", i), "gate", "", ""))
		}
		s.submit(gates...)
		s.UntilState("running", s.ids()...)
		running := s.ids()
		<-s.load(size(400, 4000), 100, time.Millisecond, s.work(20))

		s.limitMemory(s.usedMemory() - 64<<10)
		harness.Until(f, "a submit is refused with 503", func() error {
			status, err := s.Call("POST", "/submit_task", map[string]any{"task": quick("too-much")}, nil)
			if err == nil && status != http.StatusServiceUnavailable {
				err = httpError(status)
			}
			return err
		})
		s.gates.Open(f, "go")
		s.UntilState("completed", running...)
		s.limitMemory(0)
		s.submit(quick("too-much")) // sent again: now it is taken
		s.drain()
		s.verify(0, 0)
	})
}

func (s *site) limitMemory(bytes int) {
	s.f.Helper()
	if err := s.rdb().ConfigSet(s.f.Context(), "maxmemory", strconv.Itoa(bytes)).Err(); err != nil {
		s.f.Fatal(err)
	}
}

func (s *site) usedMemory() int {
	s.f.Helper()
	info, err := s.rdb().InfoMap(s.f.Context(), "memory").Result()
	if err != nil {
		s.f.Fatal(err)
	}
	return atoi(info["Memory"]["used_memory"])
}

func TestRow12AnEvictingRedisIsRefused(t *testing.T) {
	row(t, 12, "Redis out of memory, noeviction", func(f *fault) {
		redis := redistest.New(f, "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
		for _, role := range []string{"web", "worker"} {
			p := harness.Start(f, role, role, "--redis-url", redis.URL())
			if code := p.Wait(); code != 1 || !strings.Contains(p.Log().String(), "maxmemory-policy noeviction") {
				f.Errorf("%s on a Redis that evicts: code %d, %s; want 1 and the fix", role, code, p.Log())
			}
		}
	})
}
