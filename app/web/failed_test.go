package web

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// failTasks makes n tasks of a type fail for good, each with an error of its own.
func (s *site) failTasks(n int, prefix, kind string, err func(i int) string) {
	s.t.Helper()
	tasks := make([]queue.Task, n)
	for i := range tasks {
		tasks[i] = queue.Task{ID: fmt.Sprint(prefix, i), Type: kind, Payload: []byte(`{"times":9}`)}
	}
	session, wrong := workers.Register(s.t.Context(), s.client, workers.Config{Name: "failing", Slots: 2 * n}, []string{kind})
	if wrong != nil {
		s.t.Fatal(wrong)
	}
	s.submit(tasks...)
	_, leases, wrong := session.Turn(s.t.Context(), nil, n)
	if wrong != nil || len(leases) != n {
		s.t.Fatalf("%d of %d started: %v", len(leases), n, wrong)
	}
	reports := make([]workers.Report, n)
	for i, task := range leases {
		reports[i] = workers.Report{
			TaskID: task.ID, Attempt: task.Attempt, Kind: workers.Fail, Outcome: queue.OutcomeError, Error: err(i), Reason: queue.ReasonNoRetry,
		}
	}
	if _, _, wrong = session.Turn(s.t.Context(), reports, 0); wrong == nil {
		_, wrong = session.Leave(s.t.Context())
	}
	if wrong != nil {
		s.t.Fatal(wrong)
	}
}

func timeouts(i int) string { return fmt.Sprintf("dial tcp 10.0.0.%d:5432: timeout after %d.2s", i, i) }

var timeoutGroup = queue.GroupID("echo", "dial tcp #: timeout after #")

func TestFailedTasksAreShownByGroup(t *testing.T) {
	s := newSite(t, Config{})
	b := s.browser()
	s.failTasks(3, "t", "echo", timeouts)
	s.failTasks(1, "u", "sleep", func(int) string { return "no such user <b>" })
	page, _ := b.visit("/failed", 200)
	has(t, page, "4 failed tasks in 2 groups.", "dial tcp #: timeout after #", "/failed/"+timeoutGroup, "no such user &lt;b&gt;")
	page, _ = b.visit("/failed?type=sleep", 200)
	has(t, page, "1 failed task in 1 group.")
	if strings.Contains(page, "timeout after #") {
		t.Error("the filter lets another type through")
	}
	page, _ = b.visit("/failed/"+timeoutGroup, 200)
	has(t, page, "Retry 1, then 10, then all…", "/tasks/t0", "dial tcp 10.0.0.")
	page, _ = b.visit("/", 200)
	has(t, page, "Failing now", "/failed/"+timeoutGroup)
	b.visit("/failed/0123456789ab", 404)
	b.visit("/failed/nonsense", 404)
	b.visit("/failed?queue=%3Cb%3E", 422)
}

func hiddenField(t *testing.T, page, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, `name="`+name+`" value="`)
	value, _, _ := strings.Cut(rest, `"`)
	if !ok {
		t.Fatalf("no field %s in %s", name, page)
	}
	return value
}

func TestAGroupIsRedrivenByFormAndStopped(t *testing.T) {
	s := newSite(t, Config{})
	b := s.browser()
	s.failTasks(3, "t", "echo", timeouts)
	group := "/failed/" + timeoutGroup
	ask, _ := b.visit(group+"/redrive", 200)
	has(t, ask, "Retry 3 failed tasks: 1, then 10, then all?", "of type echo in the queue default")
	fields := url.Values{"count": {hiddenField(t, ask, "count")}, "until": {hiddenField(t, ask, "until")}}
	b.post(group+"/redrive", group+"/redrive", url.Values{"count": {"2"}, "until": fields["until"]}, 409)
	b.post(group+"/redrive", group+"/redrive", url.Values{"count": {"2"}}, 422)
	b.post(group+"/redrive", "/failed/0123456789ab/redrive", fields, 404)
	page, at := b.post(group+"/redrive", group+"/redrive", fields, 200)
	if at != group+"?done=redriving" {
		t.Errorf("led to %s", at)
	}
	has(t, page, "One task runs again.", group+"/stop", "The retry began")
	if page, _ = b.visit("/failed", 200); !strings.Contains(page, "One task runs again.") {
		t.Error("the list does not say what is under way")
	}
	b.post("/submit", group+"/redrive", fields, 409)
	page, _ = b.post(group, group+"/stop", url.Values{"redrive": {hiddenField(t, page, "redrive")}}, 200)
	has(t, page, "Stops in a moment.")
	b.post("/submit", group+"/stop", url.Values{"redrive": {"nobody"}}, 404)
}

func TestALargeGroupIsRedrivenOnlyWithItsCountTyped(t *testing.T) {
	s := newSite(t, Config{})
	b := s.browser()
	s.failTasks(101, "t", "echo", timeouts)
	path := "/failed/" + timeoutGroup + "/redrive"
	ask, _ := b.visit(path, 200)
	fields := url.Values{"count": {hiddenField(t, ask, "count")}, "until": {hiddenField(t, ask, "until")}, "typed": {"100"}}
	page, _ := b.post(path, path, fields, 422)
	has(t, page, "Type the number as it stands here.")
	fields.Set("typed", "101")
	b.post(path, path, fields, 200)
}

func TestScriptsRedriveAGroupOverTheAPI(t *testing.T) {
	s := newSite(t, Config{})
	s.failTasks(12, "t", "echo", timeouts)
	listed := s.api("GET", "/failures?queue=default", "").want(t, 200).json(t)
	group := listed["items"].([]any)[0].(map[string]any)
	if group["id"] != timeoutGroup || group["count"] != 12.0 || listed["total"] != 12.0 || group["fingerprint"] != "dial tcp #: timeout after #" {
		t.Errorf("listed %v", listed)
	}
	until := fmt.Sprintf("%.0f", listed["until"])
	path := "/failures/" + timeoutGroup + "/redrive"
	other := s.api("POST", path, `{"count":11}`).want(t, 409).json(t)
	if other["detail"] != "count is 11, but 12 tasks match; nothing was changed." || other["count"] != 12.0 {
		t.Errorf("another count answers %v", other)
	}
	s.api("POST", path, `{}`).want(t, 422)
	s.api("POST", "/failures/0123456789ab/redrive", `{"count":11}`).want(t, 404)
	eventually(t, "the moment of the count is over", func() bool {
		now, err := s.client.Redis().Time(t.Context()).Result()
		return err == nil && fmt.Sprint(now.UnixMilli()) > until
	})
	s.failTasks(2, "late", "echo", timeouts)
	s.work() // echo succeeds now
	id := s.api("POST", path, `{"count":12,"until":`+until+`}`).want(t, 202).json(t)["id"].(string)
	var last map[string]any
	eventually(t, "the redrive is done", func() bool {
		last = s.api("GET", "/redrives/"+id, "").want(t, 200).json(t)
		return last["state"] == "done"
	})
	if last["succeeded"] != 12.0 || last["failed_again"] != 0.0 || last["skipped"] != 0.0 || last["ended_at"] == nil {
		t.Errorf("ended as %v", last)
	}
	for i := range 12 {
		if task, err := s.client.Get(t.Context(), fmt.Sprint("t", i)); err != nil || task.State != queue.Completed {
			t.Errorf("t%d: %v, %v", i, task, err)
		}
	}
	for i := range 2 {
		if task, err := s.client.Get(t.Context(), fmt.Sprint("late", i)); err != nil || task.State != queue.Failed {
			t.Errorf("late%d was not counted: %v, %v", i, task, err)
		}
	}
	s.api("POST", "/redrives/"+id+"/stop", "").want(t, 409)
	s.api("GET", "/redrives/nobody", "").want(t, 404)
}

func TestACanaryThatFailsAgainIsToldOnThePage(t *testing.T) {
	s := newSite(t, Config{})
	s.failTasks(30, "t", "fail", timeouts) // its payload makes it fail nine times
	s.work()
	group := queue.GroupID("fail", "dial tcp #: timeout after #")
	id := s.api("POST", "/failures/"+group+"/redrive", `{"count":30}`).want(t, 202).json(t)["id"].(string)
	eventually(t, "the redrive stopped", func() bool {
		return s.api("GET", "/redrives/"+id, "").want(t, 200).json(t)["state"] == "stopped"
	})
	page, _ := s.browser().visit("/failed/"+group, 200)
	has(t, page, "1 of 1 failed again: stopped. Nothing else was touched.", "Retry 1, then 10, then all…")
}
