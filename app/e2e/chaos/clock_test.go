package chaos

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

func TestRow15AClockOfAnotherHourChangesNothing(t *testing.T) {
	row(t, 15, "Redis's clock an hour off, and jumping by an hour; processes in other zones", func(f *fault) {
		s := newOffSite(f)
		done := make(chan struct{})
		loaded := make(chan struct{})
		go func() { defer close(loaded); s.keepBusy(done) }()
		s.outlivesAJump(time.Hour) // no jump: ahead from the start
		s.outlivesAJump(0)         // back by an hour
		if *full {
			s.outlivesAJump(-time.Hour)
			s.outlivesAJump(0) // on by an hour
		}
		close(done)
		<-loaded
		s.drain()
		s.verify(1, s.extra+offSlots*s.fenced())
		for _, id := range s.lostWorkers() {
			if !slices.Contains(s.victims, id) {
				f.Errorf("%s was lost, and lived", id)
			}
		}
		for _, p := range []*harness.Process{s.a, s.b} {
			if n := p.Log().Count("declared lost") + p.Log().Count("report refused"); n > 0 {
				f.Errorf("%s was declared lost or refused %d times", p.Name, n)
			}
		}
	})
}

// offSite is a site whose Redis's clock is off.
type offSite struct {
	*site
	clock   *redistest.Clock
	offset  time.Duration
	a, b    *harness.Process
	victims []string // ids of the workers that were killed
	extra   int      // executions beyond the first that are due to no fault of the site's
	jumps   int
}

// offSlots are those of each of its two workers.
const offSlots = 6

func newOffSite(f *fault) *offSite {
	clock := redistest.NewUnderClock(f)
	clock.SetOffset(time.Hour)
	zones := map[string]string{"web": "America/New_York", "a": "America/New_York", "b": "Pacific/Apia", "monitor": "Pacific/Apia"}
	s := &offSite{clock: clock, offset: time.Hour}
	s.site = newSite(f, harness.Setup{Redis: clock.Redis, WorkerTimeout: steadyLease(), Env: func(process string) []string {
		return []string{"TZ=" + zones[process]}
	}})
	s.a, s.b = s.worker("a", offSlots, "-queues", "default,fails"), s.worker("b", offSlots, "-queues", "default")
	s.gates.Open(f, "open")
	return s
}

// fenced counts how often a worker stopped its tasks by itself because no heartbeat was confirmed: the machine was busy.
func (s *offSite) fenced() int {
	return s.a.Log().Count("handlers are told to stop") + s.b.Log().Count("handlers are told to stop")
}

// submit has the tasks kept beyond the hours that the clock jumps, by which a retention is over.
func (s *offSite) submit(tasks ...harness.New) bool {
	for _, task := range tasks {
		task["retention_seconds"] = 86400
	}
	return s.site.submit(tasks...)
}

// keepBusy submits small tasks until done.
func (s *offSite) keepBusy(done <-chan struct{}) {
	s.f.during(done, 10*time.Millisecond, size(200*time.Millisecond, 30*time.Millisecond), func() {
		s.submit(quick(fmt.Sprintf("L%d", time.Now().UnixNano())))
	})
}

// outlivesAJump sets Redis's clock while tasks run and others wait, and checks that nothing is taken away, that nothing
// waits for the clock to come back, and that what people see is sane.
func (s *offSite) outlivesAJump(offset time.Duration) {
	s.f.Helper()
	s.jumps++
	name := func(what string) string { return fmt.Sprintf("%s-%d", what, s.jumps) }
	victim := s.worker(name("victim"), 1, "-queues", name("doomed"))
	s.submit(s.gatedOn(name("doomed"), name("orphan")))
	s.UntilState("running", name("orphan"))
	for i := range 4 {
		s.submit(s.gatedOn("default", name(fmt.Sprintf("gate%d", i))))
	}
	gates := []string{name("gate0"), name("gate1"), name("gate2"), name("gate3")}
	before := s.UntilState("running", gates...)
	s.submitWaiting(name)
	s.victims = append(s.victims, victim.WorkerID())
	victim.Kill()

	jumped := time.Now()
	s.clock.SetOffset(offset)
	s.offset = offset
	s.submit(harness.New{"id": name("delayed-after"), "type": "work", "payload": map[string]int{"ms": 1}, "delay_seconds": 1},
		harness.New{"id": name("named"), "type": "work", "payload": map[string]int{"ms": 1}, "run_at": s.now().Add(time.Second)})
	s.worker(name("heir"), 1, "-queues", name("doomed"))
	s.UntilTasks("attempt 2 running", func(t harness.Task) bool { return t.State == "running" && t.Attempt == 2 }, name("orphan"))
	// A monitor that sees the jump gives every worker one more lease.
	s.f.within("recovery_after_a_jump", time.Since(jumped), 2*steadyLease()+time.Second)
	s.UntilState("completed", name("delayed"), name("delayed-after"), name("named"))
	s.UntilState("failed", name("fails"))
	s.f.within("delays_of_1s_after_a_jump", time.Since(jumped), 2*steadyLease()+time.Second)
	s.showsSaneAges()
	s.f.pass(steadyLease()*5/4 - time.Since(jumped))
	for i, task := range s.UntilState("running", gates...) {
		if (task.WorkerID != before[i].WorkerID || task.Attempt != 1) && s.fenced() == 0 {
			s.f.Errorf("with the clock %v ahead %s runs as attempt %d on %s; want it left on %s", offset, task.ID, task.Attempt,
				task.WorkerID, before[i].WorkerID)
		}
	}
	s.startedByRedissClock(name("named"), name("delayed-after"))
	s.gates.Open(s.f, name("go"))
	s.UntilState("completed", append(gates, name("orphan"))...)
}

func (s *offSite) gatedOn(line, id string) harness.New {
	return harness.New{"id": id, "queue": line, "type": "gate", "payload": map[string]string{"gate": fmt.Sprintf("go-%d", s.jumps)}}
}

// submitWaiting submits what waits a second when the clock jumps: by a delay, and for its second attempt.
func (s *offSite) submitWaiting(name func(string) string) {
	s.f.Helper()
	s.extra += 2 // the orphan's second attempt, and this one's
	s.submit(harness.New{
		"id": name("fails"), "queue": "fails", "type": "stubborn", "max_attempts": 2,
		"payload": map[string]string{"gate": "open", "then": "fail", "by": "a"},
		"backoff": map[string]any{"strategy": "fixed", "base_seconds": 1, "jitter": false},
	})
	s.UntilState("retry", name("fails"))
	s.submit(harness.New{"id": name("delayed"), "type": "work", "payload": map[string]int{"ms": 1}, "delay_seconds": 1})
}

// now is Redis's time.
func (s *offSite) now() time.Time {
	s.f.Helper()
	now, err := s.rdb().Time(s.f.Context()).Result()
	if err != nil {
		s.f.Fatal(err)
	}
	return now
}

func (s *offSite) startedByRedissClock(ids ...string) {
	s.f.Helper()
	for _, id := range ids {
		task, err := s.client.Get(s.f.Context(), id)
		if err != nil {
			s.f.Fatal(err)
		}
		late := task.StartedAt.Sub(task.RunAt)
		if late < 0 {
			s.f.Errorf("%s started %v before its time", id, -late)
		}
		s.f.within("late_by_rediss_clock", late, time.Second)
		if off := task.StartedAt.Sub(time.Now().Add(s.offset)); off.Abs() > time.Minute {
			s.f.Errorf("%s started at %v, which is %v off Redis's clock", id, task.StartedAt, off)
		}
	}
}

var beatOnPage = regexp.MustCompile(`:beat"[^>]*>([^<]*)<`)

// showsSaneAges checks what the API and the page say of when the live workers were last heard, soon after a jump.
func (s *offSite) showsSaneAges() {
	s.f.Helper()
	live := []string{s.a.WorkerID(), s.b.WorkerID()}
	harness.Until(s.f, "the workers' heartbeats are of now, by Redis's clock", func() error {
		var page struct {
			Items []struct {
				ID              string
				LastHeartbeatAt time.Time `json:"last_heartbeat_at"`
			}
		}
		if _, err := s.Call("GET", "/api/v1/workers", nil, &page); err != nil {
			return err
		}
		for _, w := range page.Items {
			if age := s.now().Sub(w.LastHeartbeatAt); slices.Contains(live, w.ID) && (age < -time.Second || age > steadyLease()) {
				return fmt.Errorf("%s was last heard %v ago", w.ID, age)
			}
		}
		return s.pageShowsSaneAges(live)
	})
}

func (s *offSite) pageShowsSaneAges(live []string) error {
	res, err := http.Get(s.URL + "/workers")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	for _, id := range live {
		_, row, found := strings.Cut(string(text), `"w:`+id+":beat")
		if !found {
			return fmt.Errorf("the page has no heartbeat of %s", id)
		}
		age := beatOnPage.FindStringSubmatch(`:beat` + row)
		if age == nil || age[1] != "just now" && !strings.HasSuffix(age[1], " s ago") {
			return fmt.Errorf("the page says of %s: %q", id, age)
		}
	}
	return nil
}

// lostWorkers are those that Redis knows as lost.
func (s *offSite) lostWorkers() []string {
	s.f.Helper()
	var lost []string
	snap := s.Workers()
	for id, w := range snap {
		if w.State == string(queue.WorkerLost) {
			lost = append(lost, id)
		}
	}
	return lost
}
