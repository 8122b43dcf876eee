package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

const (
	slowCall      = 10 * time.Millisecond // no call may take longer: everybody waits for it
	bytesATask    = 600                   // in Redis, of a pending task with a small payload
	pageWithin    = 150 * time.Millisecond
	manyInACall   = 1000
	byREST        = 10_000
	oneInTheOther = 100 // one task in so many goes to a queue of its own
)

func TestRow19AMillionPendingTasksSlowNobodyDown(t *testing.T) {
	row(t, 19, "1M tasks pending", func(f *fault) {
		s := newSite(f, harness.Setup{Redis: newWatchedRedis(f), WorkerTimeout: calm})
		n := size(50_000, 1_000_000)
		before := s.usedMemory()
		s.fill(n)
		s.slowest("submit")
		each := float64(s.usedMemory()-before) / float64(n)
		if f.figure("bytes_a_task", each); each > bytesATask {
			f.Errorf("a task takes %.0f bytes of Redis's memory; promised: %d", each, bytesATask)
		}
		s.reads(s.deepPage(n / 2))
		s.slowest("list")
		s.pausesAndCancels(n)
		s.slowest("pause_and_cancel")
		s.drainSome(size(1000, 5000))
		s.slowest("drain")
		s.allCounted(n)
	})
}

// newWatchedRedis is a Redis that notes every call of 10 ms or more.
func newWatchedRedis(f *fault) *redistest.Redis {
	micros := fmt.Sprint(slowCall.Microseconds())
	return redistest.New(f, "--slowlog-log-slower-than", micros, "--slowlog-max-len", "1000")
}

// slowest notes the slowest call since it was asked last, 0 for none of 10 ms, and what it was. A call that is slow by
// itself is so each time; what strikes one in a hundred, or one alone, is the machine's, up to three times the promise.
// It is decided at full size.
func (s *site) slowest(phase string) {
	s.f.Helper()
	most, slow, calls := s.slow(phase)
	s.f.figure("slowest_call_to_"+phase+"_ms", float64(most.Milliseconds()))
	if *full && (most > 3*slowCall || slow > max(1, calls/100)) {
		s.f.Errorf("%s: %d of %d calls took Redis %v or more, the slowest %v", phase, slow, calls, slowCall, most)
	}
}

// slow gives the slowest call since it was asked last, how many took 10 ms or more, and of how many.
func (s *site) slow(phase string) (most time.Duration, n, calls int) {
	s.f.Helper()
	slow, err := s.rdb().SlowLogGet(s.f.Context(), -1).Result()
	if err != nil {
		s.f.Fatal(err)
	}
	var what []string
	for _, call := range slow {
		if strings.EqualFold(call.Args[0], "info") {
			continue
		}
		if n++; call.Duration > most {
			most, what = call.Duration, call.Args[:min(len(call.Args), 9)]
		}
	}
	if n > 0 {
		s.f.Logf("%s: %d calls of 10 ms or more, the slowest %v: %.200q", phase, n, most, what)
	}
	calls = s.scripts()
	for _, reset := range [][]any{{"SLOWLOG", "RESET"}, {"CONFIG", "RESETSTAT"}} {
		if err := s.rdb().Do(s.f.Context(), reset...).Err(); err != nil {
			s.f.Fatal(err)
		}
	}
	return most, n, calls
}

// scripts is how many Redis ran since its statistics were reset.
func (s *site) scripts() (n int) {
	s.f.Helper()
	info, err := s.rdb().InfoMap(s.f.Context(), "commandstats").Result()
	if err != nil {
		s.f.Fatal(err)
	}
	for _, name := range []string{"cmdstat_eval", "cmdstat_evalsha"} {
		var calls int
		if _, err := fmt.Sscanf(info["Commandstats"][name], "calls=%d,", &calls); err == nil {
			n += calls
		}
	}
	return n
}

// fill submits n tasks through the Go client, the first ones over REST.
func (s *site) fill(n int) {
	s.f.Helper()
	began := time.Now()
	for from := 0; from < n; from += manyInACall {
		if from >= byREST {
			s.submitByClient(from)
			continue
		}
		tasks := make([]harness.New, manyInACall)
		for i := range tasks {
			tasks[i] = quick(fmt.Sprintf("T%d", from+i))
			tasks[i]["queue"] = queueOf(from + i)
		}
		if !s.submit(tasks...) {
			s.f.Fatalf("the submit of tasks %d and following was refused: %v", from, s.refusals)
		}
	}
	s.f.figure("submitted_a_second", float64(n)/time.Since(began).Seconds())
}

func queueOf(i int) string {
	if i%oneInTheOther == 0 {
		return "other"
	}
	return queue.DefaultQueue
}

func (s *site) submitByClient(from int) {
	s.f.Helper()
	tasks := make([]queue.Task, manyInACall)
	for i := range tasks {
		tasks[i] = queue.Task{
			ID: fmt.Sprintf("T%d", from+i), Queue: queueOf(from + i), Type: "work", Payload: json.RawMessage(`{"ms":1}`),
		}
	}
	s.takeByClient(tasks)
}

// takeByClient submits through the Go client, and remembers what was taken.
func (s *site) takeByClient(tasks []queue.Task) {
	s.f.Helper()
	answers, err := s.client.Submit(s.f.Context(), tasks...)
	if err != nil {
		s.f.Fatal(err)
	}
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	for _, a := range answers {
		if a.Status != queue.Created {
			s.f.Fatalf("task %s: %+v", a.ID, a)
		}
		s.accepted = append(s.accepted, acceptance{a.ID, time.Now()})
	}
}

// deepPage follows the pages of pending tasks until it is past deep of them, and returns where the next one begins.
func (s *site) deepPage(deep int) string {
	s.f.Helper()
	var page struct {
		Items []json.RawMessage
		Next  string
	}
	for seen := 0; seen < deep; seen += len(page.Items) {
		path := "/api/v1/tasks?state=pending&limit=1000&after=" + page.Next
		page.Items, page.Next = nil, ""
		if status, err := s.Call("GET", path, nil, &page); err != nil || status != http.StatusOK || page.Next == "" {
			s.f.Fatalf("page after %d tasks: status %d, %v, next %q", seen, status, err, page.Next)
		}
	}
	return page.Next
}

// reads times what people and scripts look at.
func (s *site) reads(deep string) {
	s.f.Helper()
	for name, path := range map[string]string{
		"tasks": "/api/v1/tasks?limit=100", "tasks_pending": "/api/v1/tasks?limit=100&state=pending",
		"tasks_deep":             "/api/v1/tasks?limit=100&state=pending&after=" + deep,
		"tasks_by_queue":         "/api/v1/tasks?limit=100&queue=other",
		"tasks_pending_by_queue": "/api/v1/tasks?limit=100&state=pending&queue=other",
		"queue_status":           "/queue_status",
		"page_overview":          "/", "page_tasks": "/tasks", "page_tasks_pending": "/tasks?state=pending",
	} {
		var slowest time.Duration
		for range 5 {
			began := time.Now()
			if status, err := s.Call("GET", path, nil, nil); err != nil || status != http.StatusOK {
				s.f.Errorf("GET %s: status %d, %v", path, status, err)
			}
			slowest = max(slowest, time.Since(began))
		}
		s.f.within("get_"+name, slowest, pageWithin)
	}
}

// pausesAndCancels does to queues and tasks what an operator does, at the ends and in the depth of the line.
func (s *site) pausesAndCancels(n int) {
	s.f.Helper()
	paths := []string{"/api/v1/queues/default/pause", "/api/v1/queues/default/resume"}
	for i := range 20 {
		paths = append(paths, fmt.Sprintf("/api/v1/tasks/T%d/cancel", 1+i*(n-2)/19))
	}
	for _, path := range paths {
		if status, err := s.Call("POST", path, nil, nil); err != nil || status/100 != 2 {
			s.f.Errorf("POST %s: status %d, %v", path, status, err)
		}
	}
}

// drainSome lets workers run n tasks, and stops them.
func (s *site) drainSome(n int) {
	s.f.Helper()
	crew := s.crew(2, 16)
	harness.UntilWithin(s.f, 5*time.Minute, fmt.Sprintf("%d tasks are completed", n), func() error {
		if done := s.Totals().Completed; done < int64(n) {
			return fmt.Errorf("%d are", done)
		}
		return nil
	})
	for _, w := range crew.workers {
		w.Stop()
	}
}

// allCounted checks that none of n tasks is missing, by the counters, and in the quick cut by looking at each.
func (s *site) allCounted(n int) {
	s.f.Helper()
	stats := struct {
		Totals struct{ Pending, Assigned, Running, Completed, Canceled, Failed int }
	}{}
	if status, err := s.Call("GET", "/api/v1/stats", nil, &stats); err != nil || status != http.StatusOK {
		s.f.Fatalf("GET /api/v1/stats: status %d, %v", status, err)
	}
	if t := stats.Totals; t.Pending+t.Completed+t.Canceled != n || t.Canceled != 20 {
		s.f.Errorf("of %d tasks, 20 of them canceled, there are now %+v", n, t)
	}
	s.f.note(func(r *figures) { r.Tasks += n })
	if *full {
		return // the census answers with the whole cell at once
	}
	s.f.noFaults(s.client)
}

// noFaults takes a census and reports what does not add up.
func (f *fault) noFaults(c *queue.Client) *harness.Census {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), harness.Patience)
	defer cancel()
	census, err := harness.TakeCensus(ctx, c)
	if err != nil {
		f.Fatal(err)
	}
	for _, broken := range census.Faults() {
		f.Errorf("at the end: %s", broken)
	}
	return census
}
