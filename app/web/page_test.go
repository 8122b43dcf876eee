package web

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// browser keeps cookies, follows redirects, runs no scripts, and fills in what a form has hidden.
type browser struct {
	*site
	http *http.Client
}

func (s *site) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &browser{s, &http.Client{Jar: jar}}
}

// visit returns the page, where redirects led, and fails where the status is another.
func (b *browser) visit(path string, status int) (page, at string) {
	b.t.Helper()
	resp, err := b.http.Get(b.base + path)
	return b.page(resp, err, status)
}

// post fills in the form's token from the page at from.
func (b *browser) post(from, action string, fields url.Values, status int) (page, at string) {
	b.t.Helper()
	markup, _ := b.visit(from, http.StatusOK)
	if fields == nil {
		fields = url.Values{}
	}
	fields.Set("_csrf", token(b.t, markup))
	resp, err := b.http.PostForm(b.base+action, fields)
	return b.page(resp, err, status)
}

func (b *browser) page(resp *http.Response, err error, status int) (page, at string) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if resp.StatusCode != status {
		b.t.Fatalf("%s %s: got %d, want %d\n%s", resp.Request.Method, resp.Request.URL, resp.StatusCode, status, body)
	}
	return string(body), resp.Request.URL.RequestURI()
}

var tokenField = regexp.MustCompile(`<meta name="csrf" content="([^"]+)">`)

func token(t *testing.T, markup string) string {
	t.Helper()
	found := tokenField.FindStringSubmatch(markup)
	if found == nil {
		t.Fatalf("no token in %s", markup)
	}
	return found[1]
}

// has fails where the page lacks one of the texts.
func has(t *testing.T, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %q:\n%s", text, page)
		}
	}
}

func TestEveryPageShowsWhatThereIsWithoutScripts(t *testing.T) {
	s := newSite(t, Config{StoreNote: func() string { return "what is kept" }})
	b := s.browser()
	page, _ := b.visit("/", 200)
	has(t, page, "No tasks yet.", "No workers", "what is kept", "QueuePilot test")
	s.submit(queue.Task{ID: "T1", Queue: "email", Payload: []byte(`{"to":"a<b"}`)})
	for path, want := range map[string][]string{
		"/":                              {"/tasks/T1", "1 task waiting and nobody to run them"},
		"/tasks":                         {"/tasks/T1", "Pending", "email"},
		"/tasks?state=failed":            {"No failed tasks."},
		"/tasks?queue=other":             {"under this filter"},
		"/tasks/T1":                      {"&#34;to&#34;: &#34;a\\u003cb&#34;", "Not started yet.", "/tasks/T1/cancel"},
		"/queues":                        {"No worker is listening on email. 1 task is waiting.", "/queues/email/pause"},
		"/workers":                       {"No worker is running."},
		"/submit":                        {`name="payload"`, `name="max_attempts"`, "curl -X POST"},
		"/submit?type=sleep&queue=email": {`value="email"`, "seconds"},
		"/tasks/T1/delete":               {"Delete task T1, which is pending?"},
	} {
		page, _ := b.visit(path, 200)
		for _, text := range want {
			if !strings.Contains(page, text) && !strings.Contains(page, strings.ReplaceAll(text, `\u003c`, "&lt;")) {
				t.Errorf("%s lacks %q:\n%s", path, text, page)
			}
		}
	}
}

func TestWhatIsNotThereHasAPageOfItsOwn(t *testing.T) {
	b := newSite(t, Config{}).browser()
	for path, status := range map[string]int{
		"/tasks/nobody": 404, "/tasks/%3Cscript%3E": 404, "/tasks/nobody/cancel": 404, "/tasks?state=odd": 422, "/tasks?queue=%3Cb%3E": 422,
		"/tasks?after=nonsense": 422, "/static/none.js": 404,
	} {
		page, _ := b.visit(path, status)
		if strings.Contains(page, "<script>") {
			t.Errorf("%s: an inline script: %s", path, page)
		}
	}
}

func TestATaskIsSubmittedByFormAndFound(t *testing.T) {
	b := newSite(t, Config{}).browser()
	fields := url.Values{"id": {"T1"}, "type": {"echo"}, "queue": {"email"}, "payload": {`{"n":1}`}, "priority": {"9"}, "delay_seconds": {"60"}}
	page, at := b.post("/submit", "/submit", fields, 200)
	if at != "/tasks/T1?done=submitted" {
		t.Errorf("led to %s", at)
	}
	has(t, page, "Submitted.", "Scheduled", "9 of 9", "Run now")
	if _, at = b.post("/submit", "/submit", fields, 200); at != "/tasks/T1?done=existed" {
		t.Errorf("the same again led to %s", at)
	}
	task, err := b.client.Get(t.Context(), "T1")
	if err != nil || string(task.Payload) != `{"n":1}` || task.Queue != "email" {
		t.Errorf("got %+v, %v", task, err)
	}
}

func TestPlainTextIsSubmittedAsAString(t *testing.T) {
	b := newSite(t, Config{}).browser()
	b.post("/submit", "/submit", url.Values{"id": {"T1"}, "payload": {"Random number: 1234"}}, 200)
	task, err := b.client.Get(t.Context(), "T1")
	if err != nil || string(task.Payload) != `"Random number: 1234"` {
		t.Errorf("got %+v, %v", task, err)
	}
}

func TestAFormWithAMistakeKeepsItsInput(t *testing.T) {
	s := newSite(t, Config{})
	b := s.browser()
	s.submit(queue.Task{ID: "T1", Payload: []byte(`1`)})
	for _, c := range []struct {
		name, field, value string
		status             int
		want               string
	}{
		{"broken JSON", "payload", "{\n  \"a\": x}", 422, "line 2, column 8"},
		{"nothing", "payload", " ", 422, "payload is empty"},
		{"queue", "queue", "no queue!", 422, "queue is"},
		{"number", "max_attempts", "many", 422, "max_attempts is"},
		{"range", "priority", "12", 422, "priority is"},
		{"taken id", "id", "T1", 409, "this id belongs to a task with another payload"},
	} {
		fields := url.Values{"id": {"T2"}, "type": {"typed-type"}, "payload": {"2"}}
		fields.Set(c.field, c.value)
		page, _ := b.post("/submit", "/submit", fields, c.status)
		has(t, page, c.want, `value="typed-type"`)
	}
	if _, err := b.client.Get(t.Context(), "T2"); err == nil {
		t.Error("a refused form left a task")
	}
}

func TestBrokenJSONIsPointedAt(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1}`:          "",
		`plain`:            "",
		`12 apples`:        "",
		"{\n\"ä\": ,\n}":   "line 2, column 6",
		`["a" "b"]`:        "line 1, column 6",
		`{"a":`:            "line 1, column 5",
		`"never closed`:    "line 1",
		"  ":               "payload is empty",
		"{\"a\": 1}\n{}\n": "line 2, column 1",
	} {
		if got := brokenJSON(text); !strings.HasPrefix(got, want) || (want == "") != (got == "") {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestActionsPostAndLeadBack(t *testing.T) {
	s := newSite(t, Config{})
	b := s.browser()
	s.submit(queue.Task{ID: "T1", Payload: []byte(`1`)})
	state := func() queue.State {
		task, err := s.client.Get(t.Context(), "T1")
		if err != nil {
			t.Fatal(err)
		}
		return task.State
	}
	page, at := b.post("/tasks/T1", "/tasks/T1/cancel", nil, 200)
	if has(t, page, "Canceled."); at != "/tasks/T1?done=canceled" || state() != queue.Canceled {
		t.Errorf("cancel led to %s, task is %s", at, state())
	}
	page, _ = b.post("/tasks/T1", "/tasks/T1/cancel", nil, 409)
	has(t, page, "A task that ended cannot be canceled.")
	b.post("/tasks/T1", "/tasks/T1/retry", nil, 200)
	if state() != queue.Pending {
		t.Errorf("after retry the task is %s", state())
	}
	page, _ = b.post("/tasks/T1/delete", "/tasks/T1/delete", nil, 200)
	has(t, page, "The task was deleted.")
	b.visit("/tasks/T1", 404)
	page, _ = b.post("/queues", "/queues/default/pause", nil, 200)
	has(t, page, "Paused", "/queues/default/resume")
	page, _ = b.post("/queues", "/queues/default/resume", nil, 200)
	has(t, page, "/queues/default/pause")
	b.post("/queues", "/queues/no%20queue/pause", nil, 422)
}

func TestFormsNeedTheTokenOfTheirOwnPage(t *testing.T) {
	s := newSite(t, Config{})
	s.submit(queue.Task{ID: "T1", Payload: []byte(`1`)})
	b := s.browser()
	markup, _ := b.visit("/", 200)
	good := token(t, markup)
	for _, wrong := range []string{"", "x", strings.Repeat("x", len(good)), good[1:] + "0"} {
		resp, err := b.http.PostForm(s.base+"/tasks/T1/delete", url.Values{"_csrf": {wrong}})
		b.page(resp, err, 403)
	}
	form := url.Values{"_csrf": {good}}.Encode()
	s.do("POST", "/tasks/T1/delete", form, "Content-Type", "application/x-www-form-urlencoded").want(t, 403) // no cookie
	for _, get := range []string{"/tasks/T1/cancel", "/tasks/T1/delete", "/submit?id=T2&payload=1"} {
		b.visit(get, 200)
	}
	if task, err := s.client.Get(t.Context(), "T1"); err != nil || task.State != queue.Pending {
		t.Errorf("the task changed: %+v, %v", task, err)
	}
}

func TestATokenOutlivesTheServerThatGaveIt(t *testing.T) {
	one, other := newSite(t, Config{}), newSite(t, Config{})
	markup, _ := one.browser().visit("/submit", 200)
	good := token(t, markup)
	form := url.Values{"_csrf": {good}, "id": {"T1"}, "payload": {"1"}}.Encode()
	other.do("POST", "/submit", form, "Content-Type", "application/x-www-form-urlencoded", "Cookie", "queuepilot_csrf="+good)
	if _, err := other.client.Get(t.Context(), "T1"); err != nil {
		t.Error(err)
	}
}

func TestPagesTellOfRedisAwayAndKeepTheLastData(t *testing.T) {
	s := newSite(t, Config{})
	b := s.browser()
	s.submit(queue.Task{ID: "T1", Payload: []byte(`1`)})
	form, _ := b.visit("/submit", 200)
	b.visit("/", 200)
	s.redis.Stop()
	page, _ := b.visit("/", 503)
	has(t, page, "The server cannot reach Redis.", "Numbers are from", "Data stale", "/tasks/T1")
	page, _ = b.visit("/tasks/T1", 503)
	has(t, page, "The server cannot reach Redis. Nothing was changed.", "At last 1 task waited", "Numbers are from")
	resp, err := b.http.PostForm(s.base+"/submit", url.Values{"_csrf": {token(t, form)}, "id": {"T9"}, "payload": {"kept"}})
	page, _ = b.page(resp, err, 503)
	has(t, page, "may or may not have been taken", "kept", `value="T9"`)
	s.redis.Start()
	eventually(t, "the page is fresh again", func() bool {
		got := s.do("GET", "/", "")
		return got.status == 200 && !strings.Contains(string(got.body), "cannot reach Redis")
	})
}

func TestAssetsAreKeptForEverUnderTheirHash(t *testing.T) {
	s := newSite(t, Config{})
	page := string(s.do("GET", "/", "").body)
	for _, name := range []string{"app.css", "js/live.js", "js/theme.js", "img/logo.svg"} {
		address := regexp.MustCompile(`/static/[0-9a-f]+/` + regexp.QuoteMeta(name)).FindString(page)
		got := s.do("GET", address, "", "Accept-Encoding", "gzip").want(t, 200)
		if !strings.Contains(got.header.Get("Cache-Control"), "immutable") || got.header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s: %v", address, got.header)
		}
		old := s.do("GET", "/static/000000000000/"+name, "").want(t, 200)
		if strings.Contains(old.header.Get("Cache-Control"), "immutable") || len(old.body) == 0 {
			t.Errorf("%s under an old hash: %v", name, old.header)
		}
	}
}

func TestSocketsAreForOwnPagesAndPrograms(t *testing.T) {
	s := newSite(t, Config{CORSOrigins: []string{"https://friend.example"}})
	for _, c := range []struct {
		path, origin string
		status       int
	}{
		{"/ws", "", 101},
		{"/ws", s.base, 101},
		{"/ws/ui", s.base, 101},
		{"/ws", "https://friend.example", 101},
		{"/ws", "https://evil.example", 403},
		{"/ws/ui", "null", 403},
		{"/ws/ui", s.base + ".evil.example", 403},
		{"/ws?task=%3Cb%3E", "", 422},
	} {
		header := http.Header{}
		if c.origin != "" {
			header.Set("Origin", c.origin)
		}
		conn, resp, err := websocket.Dial(t.Context(), s.base+c.path, &websocket.DialOptions{HTTPHeader: header})
		if resp == nil || resp.StatusCode != c.status {
			t.Errorf("%s from %q: got %v, %v, want %d", c.path, c.origin, resp, err, c.status)
		}
		if conn != nil {
			_ = conn.CloseNow()
		}
	}
	s.do("GET", "/ws", "").want(t, 426)
}
