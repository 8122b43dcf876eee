package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

func TestRow07AWorkerWithoutANetworkStopsBeforeItsLeaseEnds(t *testing.T) {
	row(t, 7, "slow, cut and half-open network of one worker", func(f *fault) {
		redis := redistest.New(f)
		network := harness.NewNetwork(f, redis.Addr())
		s := newSite(f, harness.Setup{Redis: redis, Address: func(process string) string {
			if process == "far" {
				return network.URL()
			}
			return ""
		}})
		far := s.worker("far", 4)

		network.Toxic("latency", "downstream", map[string]int{"latency": 40, "jitter": 30})
		network.Toxic("bandwidth", "upstream", map[string]int{"rate": 20})
		<-s.load(40, 10, 20*time.Millisecond, s.work(20))
		s.drain() // slow, and no more than that
		network.Heal()

		for _, kind := range []string{"half-open", "cut"} {
			id := "held-" + kind
			s.submit(harness.New{"id": id, "type": "gate", "payload": map[string]string{"gate": id}})
			s.UntilState("running", id)
			near := s.worker("near", 1, "-shutdown-timeout", "1ms")
			if kind == "cut" {
				network.Cut()
			} else {
				network.Toxic("timeout", "upstream", map[string]int{"timeout": 0})
				network.Toxic("timeout", "downstream", map[string]int{"timeout": 0})
			}
			s.UntilTasks("attempt 2 running", func(task harness.Task) bool {
				return task.State == "running" && task.Attempt == 2
			}, id)
			s.untilExecuted("start", id, "near")
			s.stoppedFirst(id)
			s.gates.Open(f, id+"@near")
			s.UntilState("completed", id)
			near.Stop()
			before := far.WorkerID()
			if kind == "cut" {
				network.Mend()
			} else {
				network.Heal()
			}
			harness.Until(f, "the far worker is back under a new id", func() error {
				if id := far.WorkerID(); id == before {
					return fmt.Errorf("it is %s", id)
				}
				return nil
			})
		}
		s.submit(quick("after"))
		s.UntilState("completed", "after")
		s.drain()
		s.verify(2, 1)
	})
}

// stoppedFirst checks that the far worker's handler was told to stop before the next attempt began.
func (s *site) stoppedFirst(id string) {
	s.f.Helper()
	all := s.gates.Executions(s.f)
	at := func(what, worker string) int {
		return slices.IndexFunc(all, func(e harness.Execution) bool { return e.Task == id && e.What == what && e.Worker == worker })
	}
	stopped, again := at("cancelled", "far"), at("start", "near")
	if stopped < 0 || stopped > again {
		s.f.Errorf("%s: the far handler stopped as line %d of the log, the near one began as line %d: %v", id, stopped, again, all)
	}
}

func TestRow08BrokenConnectionsAndAStallHealAtOnce(t *testing.T) {
	row(t, 8, "CLIENT KILL normal and pubsub, CLIENT PAUSE, DEBUG SLEEP", func(f *fault) {
		s := newSite(f, harness.Setup{Redis: redistest.New(f, "--enable-debug-command", "yes"), WorkerTimeout: calm})
		s.crew(2, 4)
		n := size(400, 4000)
		done := s.load(n, 10, 50*time.Millisecond, s.work(20))
		commands := [][]any{
			{"CLIENT", "KILL", "TYPE", "normal"},
			{"CLIENT", "KILL", "TYPE", "pubsub"},
			{"CLIENT", "PAUSE", "300", "ALL"},
			{"CLIENT", "PAUSE", "300", "WRITE"},
			{"DEBUG", "SLEEP", "0.3"},
		}
		i := 0
		blows := f.during(done, 100*time.Millisecond, 300*time.Millisecond, func() {
			what := commands[i%len(commands)]
			i++
			struck := time.Now()
			if err := s.rdb().Do(f.Context(), what...).Err(); err != nil && what[1] != "KILL" { // it may have killed itself
				f.Errorf("%v: %v", what, err)
			}
			s.consumes(fmt.Sprint(what[:2]...), struck)
		})
		s.drain()
		f.figure("blows", float64(blows))
		s.converges(len(unique(s.ids())))
		s.verify(0, 0)
	})
}

// consumes measures how long after a blow a new task has run.
func (s *site) consumes(what string, struck time.Time) {
	s.f.Helper()
	id := fmt.Sprintf("probe-%d", time.Now().UnixNano())
	task := harness.New{"id": id, "type": "work", "priority": 9, "payload": map[string]int{"ms": 1}}
	harness.Until(s.f, "a probe has run", func() error {
		var seen harness.Task
		status, err := s.Call("GET", "/api/v1/tasks/"+id, nil, &seen)
		switch {
		case err == nil && status == http.StatusNotFound: // never taken, or by a primary that is none any more
			s.submit(task)
			return httpError(status)
		case err != nil || seen.State != "completed":
			return errors.Join(err, fmt.Errorf("status %d, %+v", status, seen))
		}
		return nil
	})
	s.f.within("consuming_after_"+strings.ToLower(what), time.Since(struck), 2*time.Second)
}

// converges waits until a dashboard's socket shows n tasks completed and nothing under way.
func (s *site) converges(n int) {
	s.f.Helper()
	began := time.Now()
	ctx, cancel := context.WithTimeout(s.f.Context(), harness.Patience)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, strings.Replace(s.URL, "http", "ws", 1)+"/ws", nil)
	if err != nil {
		s.f.Fatal(err)
	}
	defer conn.CloseNow()
	conn.SetReadLimit(16 << 20)
	for {
		_, text, err := conn.Read(ctx)
		if err != nil {
			s.f.Fatalf("the dashboard never showed %d completed: %v", n, err)
		}
		var snapshot struct{ Totals harness.Totals }
		if err := json.Unmarshal(text, &snapshot); err != nil {
			s.f.Fatal(err)
		}
		if t := snapshot.Totals; t.Completed == int64(n) && t.Pending+t.Running == 0 {
			s.f.within("dashboard_converges", time.Since(began), 6*time.Second)
			return
		}
	}
}
