package web

import (
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// seat registers a worker whose turns the test makes.
func (s *site) seat(name string, slots int, queues map[string]int, types ...string) *workers.Session {
	s.t.Helper()
	session, err := workers.Register(s.t.Context(), s.client, workers.Config{Name: name, Slots: slots, Queues: queues}, types)
	if err != nil {
		s.t.Fatal(err)
	}
	return session
}

// turn ends what is done and starts up to want.
func (s *site) turn(w *workers.Session, want int, done ...*queue.Task) []*queue.Task {
	s.t.Helper()
	var reports []workers.Report
	for _, d := range done {
		reports = append(reports, workers.Report{TaskID: d.ID, Attempt: d.Attempt, Kind: workers.Complete, Outcome: queue.OutcomeOK})
	}
	_, leases, err := w.Turn(s.t.Context(), reports, want)
	if err != nil {
		s.t.Fatal(err)
	}
	return leases
}

func mails(ids ...string) []queue.Task {
	tasks := make([]queue.Task, len(ids))
	for i, id := range ids {
		tasks[i] = queue.Task{ID: id, Queue: "email", Payload: []byte(`1`)}
	}
	return tasks
}

func TestAQueueHasAPage(t *testing.T) {
	s := newSite(t, Config{})
	b := s.browser()
	b.visit("/queues/email", 404)
	s.submit(mails("T1", "T2", "T3")...)
	page, _ := b.visit("/queues/email", 200)
	has(t, page, "No worker is listening on email. 3 tasks are waiting.", "/tasks?queue=email&amp;state=pending", "none of its tasks ended lately",
		"In the last 5 minutes:", "queuepilot worker --queues email")
	w := s.seat("mailer", 2, map[string]int{"email": 3}, "echo")
	s.turn(w, 0, s.turn(w, 1)...)
	page, _ = b.visit("/queues/email", 200)
	has(t, page, "/workers/"+w.ID(), ">mailer</a>", `class="num">3</td>`, "/queues/email/pause", "In per second", "Out per second")
	for path, link := range map[string]string{"/queues": "/queues/email", "/": "/queues/email", "/tasks": "/queues/email", "/tasks/T1": "/queues/email"} {
		page, _ := b.visit(path, 200)
		has(t, page, `href="`+link+`"`)
	}
}

func TestAQueuesTimesAreOfItsNewestTasks(t *testing.T) {
	s := newSite(t, Config{})
	s.submit(mails("T1", "T2", "T3")...)
	w := s.seat("mailer", 3, map[string]int{"email": 1}, "echo")
	s.turn(w, 0, s.turn(w, 3)...)
	page, _ := s.browser().visit("/queues/email", 200)
	has(t, page, "of the last 3 that ended")
	if strings.Contains(page, "none of its tasks ended lately") {
		t.Errorf("a time is missing: %s", page)
	}
}

func TestAQueueIsPausedOnItsPage(t *testing.T) {
	s := newSite(t, Config{})
	s.submit(mails("T1")...)
	b := s.browser()
	form := map[string][]string{"from": {"queue"}}
	page, at := b.post("/queues/email", "/queues/email/pause", form, 200)
	if has(t, page, "Paused just now. 1 task is waiting.", ">Resume</button>"); at != "/queues/email?done=paused" {
		t.Errorf("led to %s", at)
	}
	page, _ = b.post("/queues/email", "/queues/email/resume", form, 200)
	has(t, page, ">Pause</button>")
}

func TestAQueuesTableHasItsRates(t *testing.T) {
	s := newSite(t, Config{})
	b := s.browser()
	b.visit("/queues", 200) // the hub looks
	s.submit(mails("T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9")...)
	eventually(t, "a rate", func() bool {
		page, _ := b.visit("/queues", 200)
		return strings.Contains(page, `data-v="q:email:in"`) && !strings.Contains(page, `data-v="q:email:in">–<`) &&
			!strings.Contains(page, `data-v="q:email:in">0/s<`)
	})
}

func TestAWorkerHasAPage(t *testing.T) {
	s := newSite(t, Config{})
	b := s.browser()
	b.visit("/workers/nobody", 404)
	s.submit(mails("T1", "T2")...)
	w := s.seat("mailer", 2, map[string]int{"email": 3}, "echo", "mail")
	leases := s.turn(w, 2)
	s.turn(w, 0, leases[0])
	page, _ := b.visit("/workers/"+w.ID(), 200)
	has(t, page, "mailer", "Ready", "It runs 1 task.", "1/2", "email ×3", "echo, mail", `href="/tasks/T2"`, "echo in email", "Last heartbeat",
		`href="/tasks/T1"`, "/workers/"+w.ID()+"/drain")
	for _, path := range []string{"/workers", "/", "/tasks/T2"} {
		page, _ := b.visit(path, 200)
		has(t, page, `href="/workers/`+w.ID()+`"`)
	}
}

func TestAWorkerIsDrainedAfterAQuestion(t *testing.T) {
	s := newSite(t, Config{})
	b := s.browser()
	s.submit(mails("T1")...)
	w := s.seat("mailer", 1, map[string]int{"email": 1}, "echo")
	leases := s.turn(w, 1)
	page := "/workers/" + w.ID()
	text, _ := b.visit(page+"/drain", 200)
	has(t, text, "Drain worker "+w.ID()+"?", "finishes the 1 that it runs")
	text, at := b.post(page+"/drain", page+"/drain", nil, 200)
	if has(t, text, "Draining", "takes nothing new"); at != page+"?done=draining" || strings.Contains(text, "Drain…") {
		t.Errorf("led to %s: %s", at, text)
	}
	b.visit(page+"/drain", 409)
	s.turn(w, 0, leases...)
	if _, err := w.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	text, _ = b.visit(page, 200)
	has(t, text, "It finished its work and left.", "It runs nothing any more.")
	text, _ = b.post("/", page+"/drain", nil, 409)
	has(t, text, "Only a live worker can be drained.")
	b.post("/", "/workers/nobody/drain", nil, 404)
	text, _ = b.visit("/workers", 200)
	has(t, text, "<details", "No longer working: 1 gone in the last hour", page)
}

func TestATaskSaysItsPlaceInTheLine(t *testing.T) {
	s := newSite(t, Config{})
	s.submit(mails("T1", "T2", "T3")...)
	w := s.seat("mailer", 1, map[string]int{"email": 1}, "echo")
	s.turn(w, 1)
	waiting := func(id string) string {
		text, _ := s.api("GET", "/tasks/"+id, "").json(t)["waiting"].(string)
		return text
	}
	const want = "The only slot for it is busy: it is at about place 2."
	eventually(t, "the API says its place", func() bool { return waiting("T3") == want })
	page, _ := s.browser().visit("/tasks/T3", 200)
	has(t, page, want)
	s.submit(queue.Task{ID: "odd", Queue: "email", Type: "odd", Payload: []byte(`1`)}, queue.Task{ID: "later", Payload: []byte(`1`), Delay: time.Hour})
	for id, phrase := range map[string]string{"odd": "No worker on queue email handles the type odd.", "later": "It is scheduled for "} {
		if got := waiting(id); !strings.Contains(got, phrase) {
			t.Errorf("%s: got %q; want %q", id, got, phrase)
		}
	}
}
