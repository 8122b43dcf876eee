package web

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

var hiddenFields = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)"`)

// asked reads the fields that the form of the page at path carries.
func (b *browser) asked(path string, texts ...string) url.Values {
	b.t.Helper()
	page, _ := b.visit(path, 200)
	has(b.t, page, texts...)
	fields := url.Values{}
	for _, m := range hiddenFields.FindAllStringSubmatch(page, -1) {
		fields.Set(m[1], m[2])
	}
	return fields
}

func TestAListUnderAStateLeadsToTheActionsThatExistFromIt(t *testing.T) {
	b := newSite(t, Config{}).browser()
	for state, want := range map[string]string{
		"": "", "scheduled": "Cancel Delete", "pending": "Cancel Delete", "assigned": "Cancel", "running": "Cancel",
		"retry": "Retry Cancel Delete", "completed": "Delete", "failed": "Retry Delete", "canceled": "Retry Delete",
	} {
		page, _ := b.visit("/tasks?queue=email&state="+state, 200)
		var got []string
		for _, verb := range []string{"Retry", "Cancel", "Delete"} {
			if strings.Contains(page, verb+" all…") {
				got = append(got, verb)
				has(t, page, "/confirm?action="+strings.ToLower(verb)+"&amp;queue=email&amp;state="+state)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q has %v; want %s", state, got, want)
		}
	}
}

func TestManyTasksAreRetriedByAPageThatNamesScopeAndCount(t *testing.T) {
	b := newSite(t, Config{}).browser()
	ids := b.canceled("email", 7)
	b.canceled("other", 1)
	from := "/confirm?action=retry&state=canceled&queue=email"
	fields := b.asked(from, "Retry 7 canceled tasks in email?", ids[6], "and 2 more", "Retry 7 tasks")
	if b.count(queue.Canceled) != 8 || fields.Get("count") != "7" {
		t.Errorf("asking left %d canceled, count is %q", b.count(queue.Canceled), fields.Get("count"))
	}
	b.canceled("late", 1)
	if _, err := b.client.Redrive(t.Context(), ids[0]); err != nil {
		t.Fatal(err)
	}
	if err := b.client.Delete(t.Context(), ids[1]); err != nil {
		t.Fatal(err)
	}
	page, at := b.post("/tasks", "/tasks/actions", fields, 200)
	if want := "/tasks?queue=email&state=canceled&acted=" + fields.Get("selection"); at != want {
		t.Errorf("led to %s; want %s", at, want)
	}
	has(t, page, "Retried 5; 1 had moved on; 1 were gone.")
	if b.count(queue.Canceled) != 2 {
		t.Errorf("%d are canceled; want the two that were not meant", b.count(queue.Canceled))
	}
	page, _ = b.post("/tasks", "/tasks/actions", fields, 200) // the button pressed twice
	has(t, page, "Retried 5; 1 had moved on; 1 were gone.")
	b.asked(from, "Nothing to retry", "No canceled tasks in email.")
}

func TestAboveAHundredThePersonTypesTheCount(t *testing.T) {
	b := newSite(t, Config{}).browser()
	tasks := make([]queue.Task, 1204)
	for i := range tasks {
		tasks[i].ID = fmt.Sprint("t", i)
	}
	b.submit(tasks...)
	fields := b.asked("/confirm?action=delete&state=pending", "Delete 1,204 pending tasks?", "Type 1,204 to go on", "cannot be undone")
	if fields.Has("count") {
		t.Error("the count is filled in already")
	}
	for _, typed := range []string{"", "1203", "all"} {
		fields.Set("count", typed)
		page, _ := b.post("/tasks", "/tasks/actions", fields, 422)
		has(t, page, "This is not the number of tasks. Nothing was changed.", fields.Get("selection"))
	}
	fields.Set("count", "1,204")
	page, _ := b.post("/tasks", "/tasks/actions", fields, 200)
	has(t, page, "Deleted 1,204.")
	if b.count(queue.Pending) != 0 {
		t.Errorf("%d still wait", b.count(queue.Pending))
	}
}

func TestPickedTasksAreActedOn(t *testing.T) {
	b := newSite(t, Config{}).browser()
	b.submit(queue.Task{ID: "a"}, queue.Task{ID: "b"}, queue.Task{ID: "c"})
	page, _ := b.visit("/tasks", 200)
	has(t, page, `form="picked" name="id" value="a"`)
	page, at := b.post("/tasks", "/tasks/select", url.Values{"id": {"a", "c"}, "action": {"cancel"}}, 200)
	if !strings.HasPrefix(at, "/confirm?selection=") {
		t.Errorf("led to %s", at)
	}
	has(t, page, "Cancel 2 selected tasks?", "<code>a</code>", "<code>c</code>")
	page, _ = b.post("/tasks", "/tasks/actions", b.asked(at), 200)
	has(t, page, "Canceled 2.")
	if task, err := b.client.Get(t.Context(), "b"); err != nil || task.State != queue.Pending {
		t.Errorf("b is %v, %v", task, err)
	}
	b.post("/tasks", "/tasks/select", url.Values{"action": {"cancel"}}, 422)
	b.post("/tasks", "/tasks/select", url.Values{"id": {"a b"}, "action": {"cancel"}}, 422)
	b.post("/tasks", "/tasks/select", url.Values{"id": {"b"}, "action": {"run"}}, 422)
}

func TestAQueueIsPurgedByAPage(t *testing.T) {
	b := newSite(t, Config{}).browser()
	b.submit(queue.Task{ID: "a", Queue: "email"}, queue.Task{ID: "b", Queue: "other"})
	page, _ := b.visit("/queues", 200)
	has(t, page, `href="/confirm?action=delete&amp;queue=email&amp;state=pending"`)
	page, _ = b.post("/tasks", "/tasks/actions", b.asked("/confirm?action=delete&queue=email&state=pending", "Delete 1 pending task in email?"), 200)
	has(t, page, "Deleted 1.")
	if b.count(queue.Pending) != 1 {
		t.Errorf("%d wait; want the other queue's", b.count(queue.Pending))
	}
}

func TestWhatCannotBeSelectedHasAPageThatSaysWhy(t *testing.T) {
	b := newSite(t, Config{}).browser()
	b.canceled("email", 1)
	for path, status := range map[string]int{
		"/confirm": 422, "/confirm?action=run": 422, "/confirm?action=retry&state=completed": 422, "/confirm?action=delete": 422,
		"/confirm?action=retry&state=odd": 422, "/confirm?action=retry&queue=%3Cb%3E": 422, "/confirm?selection=none": 404,
	} {
		b.visit(path, status)
	}
	fields := b.asked("/confirm?action=retry&state=canceled")
	for name, wrong := range map[string]string{"selection": "none", "action": "delete"} {
		bad := url.Values{"selection": fields["selection"], "action": fields["action"], "count": {"1"}}
		bad.Set(name, wrong)
		b.post("/tasks", "/tasks/actions", bad, map[string]int{"selection": 404, "action": 422}[name])
	}
	if a := b.do("POST", "/tasks/actions", fields.Encode(), "Content-Type", "application/x-www-form-urlencoded"); a.status != 403 {
		t.Errorf("without a token: %d", a.status)
	}
	if b.count(queue.Canceled) != 1 {
		t.Error("a refused form changed something")
	}
	page, _ := b.visit("/tasks?acted=none", 200)
	if strings.Contains(page, `class="notice"`) {
		t.Errorf("a notice of nothing: %s", page)
	}
}
