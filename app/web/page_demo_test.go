package web

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/views"
)

func TestAnEmptySystemOffersItsDemoAndNoLongerOnceItRan(t *testing.T) {
	s := newSite(t, Config{})
	b := s.browser()
	page, _ := b.visit("/", 200)
	has(t, page, "What this is", `action="/demo"`, "Submit 20 demo tasks", "queuepilot worker")
	resp, err := b.http.PostForm(s.base+"/demo", url.Values{"_csrf": {"x"}})
	b.page(resp, err, 403)
	page, at := b.post("/", "/demo", nil, 200)
	has(t, page, "Submitted 20 demo tasks to the queue demo.")
	if at != "/?done=demo" || strings.Contains(page, "What this is") {
		t.Errorf("led to %s; the steps must be gone", at)
	}
	list, err := s.client.List(t.Context(), queue.Filter{Queue: "demo", Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range list.Items {
		if !slices.Contains([]string{"echo", "sleep"}, task.Type) || !slices.Equal(task.Tags, []string{"demo"}) {
			t.Errorf("a demo task of type %s with tags %v", task.Type, task.Tags)
		}
	}
	if len(list.Items) != 20 {
		t.Errorf("%d demo tasks; want 20", len(list.Items))
	}
}

func TestTheDemosTasksStayShort(t *testing.T) {
	for _, random := range []float64{0, 0.5, 0.9999} {
		for _, task := range newDemo(func() float64 { return random }) {
			if task.Type == "sleep" && !regexp.MustCompile(`^\{"seconds":([0-2]\.[0-9]|3\.0)\}$`).Match(task.Payload) {
				t.Errorf("with %v a task sleeps %s", random, task.Payload)
			}
		}
	}
}

func TestARetryIsAskedForOnlyWhereItCanBe(t *testing.T) {
	s := newSite(t, Config{})
	b := s.browser()
	s.submit(queue.Task{ID: "T1", Payload: []byte(`1`)})
	page, _ := b.visit("/tasks/T1/retry", 409)
	has(t, page, "Only a failed, canceled or retrying task can be tried again.")
	b.post("/tasks/T1", "/tasks/T1/cancel", nil, 200)
	page, _ = b.visit("/tasks/T1/retry", 200)
	has(t, page, "Retry task T1, which is canceled", `action="/tasks/T1/retry"`)
	b.visit("/tasks/nobody/retry", 404)
}

func TestEveryKeyThatLeadsSomewhereArrives(t *testing.T) {
	b := newSite(t, Config{}).browser()
	for _, k := range views.Keys() {
		if k.Href != "" {
			b.visit(k.Href, 200)
		}
	}
}

var (
	assetOf  = regexp.MustCompile(`(?:href|src)="(/static/[^"]+)"`)
	imported = regexp.MustCompile(`from "\./([a-z]+\.js)"`)
)

// firstLoad is what a browser fetches for a page, in bytes as they go over the wire, by address.
func firstLoad(t *testing.T, s *site, path string) map[string]int {
	t.Helper()
	sizes := map[string]int{}
	page := s.do("GET", path, "").want(t, http.StatusOK)
	sizes[path] = len(page.body)
	var fetch func(address string)
	fetch = func(address string) {
		if sizes[address] > 0 {
			return
		}
		sizes[address] = len(s.do("GET", address, "", "Accept-Encoding", "gzip").want(t, http.StatusOK).body)
		if !strings.HasSuffix(address, ".js") {
			return
		}
		text := s.do("GET", address, "").want(t, http.StatusOK).body
		for _, m := range imported.FindAllSubmatch(text, -1) {
			fetch(address[:strings.LastIndexByte(address, '/')+1] + string(m[1]))
		}
	}
	for _, m := range assetOf.FindAllSubmatch(page.body, -1) {
		fetch(string(m[1]))
	}
	return sizes
}

// The targets are of the design: 60 KB in all and 15 KB of scripts, compressed. Pages themselves go uncompressed.
func TestTheFirstLoadIsSmall(t *testing.T) {
	s := newSite(t, Config{})
	for range 30 {
		s.submit(queue.Task{Payload: []byte(`1`)})
	}
	for _, path := range []string{"/", "/tasks", "/submit"} {
		all, scripts := 0, 0
		for address, n := range firstLoad(t, s, path) {
			all += n
			if strings.HasSuffix(address, ".js") {
				scripts += n
			}
		}
		t.Logf("%s: %d bytes, of them %d of scripts", path, all, scripts)
		if scripts < 5<<10 || scripts > 15<<10 || all > 60<<10 {
			t.Errorf("%s loads %d bytes, of them %d of scripts; want at most 60 KB and 15 KB", path, all, scripts)
		}
	}
}
