package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

func TestEveryAnswerCarriesTheSecurityHeaders(t *testing.T) {
	s := newSite(t, Config{})
	for name, got := range map[string]answer{
		"ok":        s.do("GET", "/healthz", ""),
		"not found": s.do("GET", "/nothing", ""),
		"too large": s.do("POST", "/submit_task", strings.Repeat("x", bodyLimit+1)),
	} {
		for header, want := range map[string]string{
			"Content-Security-Policy": contentPolicy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
		} {
			if got.header.Get(header) != want {
				t.Errorf("%s: %s is %q; want %q", name, header, got.header.Get(header), want)
			}
		}
		if server := got.header.Get("Server"); server != "" {
			t.Errorf("%s: it tells its server: %q", name, server)
		}
	}
}

func TestCompressedBodiesAreRefused(t *testing.T) {
	s := newSite(t, Config{})
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	zeros := make([]byte, 1<<20)
	for range 10 { // 10 MiB in 10 KB
		if _, err := z.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/submit_task", "/api/v1/tasks", "/api/v1/tasks/batch", "/submit"} {
		for _, encoding := range []string{"gzip", "br", "gzip, identity"} {
			got := s.send("POST", path, bomb.Bytes(), "Content-Encoding", encoding, "Content-Type", "application/json")
			if got.status != 415 {
				t.Errorf("%s with %s: got %d; want 415", path, encoding, got.status)
			}
		}
	}
	s.do("POST", "/submit_task", `{"task":{"id":"T1","payload":1}}`, "Content-Encoding", "identity").want(t, 200)
}

func TestOnlyConfiguredOriginsAreLetIn(t *testing.T) {
	const friend = "https://friend.example"
	s := newSite(t, Config{CORSOrigins: []string{friend}})
	for origin, want := range map[string]string{friend: friend, "https://evil.example": "", "null": ""} {
		got := s.do("GET", "/queue_status", "", "Origin", origin).want(t, 200)
		if h := got.header.Get("Access-Control-Allow-Origin"); h != want {
			t.Errorf("%s may read: %q; want %q", origin, h, want)
		}
		if got.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s may send cookies", origin)
		}
		preflight := s.do("OPTIONS", "/api/v1/tasks", "", "Origin", origin, "Access-Control-Request-Method", "POST")
		if h := preflight.header.Get("Access-Control-Allow-Origin"); h != want {
			t.Errorf("preflight of %s: %q; want %q", origin, h, want)
		}
	}
	closed := newSite(t, Config{})
	got := closed.do("GET", "/queue_status", "", "Origin", friend).want(t, 200)
	if h := got.header.Get("Access-Control-Allow-Origin"); h != "" {
		t.Errorf("without any configured origin %q may read", h)
	}
}

func TestForeignWritesAreRefused(t *testing.T) {
	const friend = "https://friend.example"
	s := newSite(t, Config{CORSOrigins: []string{friend}})
	own := s.base
	for _, c := range []struct {
		origin string
		status int
	}{{"", 200}, {own, 200}, {friend, 200}, {"https://evil.example", 403}, {"null", 403}, {"http://127.0.0.1:1", 403}, {"x", 403}} {
		var headers []string
		if c.origin != "" {
			headers = []string{"Origin", c.origin}
		}
		got := s.do("POST", "/submit_task", `{"task":{"id":"T1","payload":1}}`, headers...)
		if got.status != c.status {
			t.Errorf("origin %q: got %d %s; want %d", c.origin, got.status, got.body, c.status)
		}
	}
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		s.do(method, "/api/v1/tasks/T1", "", "Origin", "https://evil.example").want(t, 403)
	}
	s.do("POST", "/submit_task", "{}", "Origin", "https://evil.example", "X-Forwarded-Host", "evil.example").want(t, 403)
}

func TestLongAddressesAndHeadersAreRefused(t *testing.T) {
	s := newSite(t, Config{})
	s.do("GET", "/api/v1/tasks?q="+strings.Repeat("x", urlLimit), "").want(t, 414)
	s.do("GET", "/healthz", "", "X-Long", strings.Repeat("x", 2*headerLimit)).want(t, 431)
	s.do("GET", "/api/v1/tasks?q="+strings.Repeat("x", 201), "").want(t, 422)
}

func TestBrowsersGetPagesAndProgramsProblems(t *testing.T) {
	s := newSite(t, Config{})
	page := s.do("GET", "/nothing", "", "Accept", "text/html,*/*").want(t, 404)
	if ct := page.header.Get("Content-Type"); !strings.HasPrefix(ct, "text/html") || !strings.Contains(string(page.body), "/nothing") {
		t.Errorf("a browser got %s %s", ct, page.body)
	}
	if ct := s.do("GET", "/nothing", "").want(t, 404).header.Get("Content-Type"); ct != problemType {
		t.Errorf("a program got %s; want %s", ct, problemType)
	}
	s.do("GET", "/queue_status", "", "Accept", "text/html").want(t, 200)
}

func TestALongPollEndsWithTheServer(t *testing.T) {
	s := newSite(t, Config{})
	s.submit(queue.Task{ID: "T1", Payload: []byte("1")})
	asked := time.Now()
	s.stop()
	task, err := s.server.waitFinal("T1", time.Minute)
	if err != nil || task.State != queue.Pending || time.Since(asked) > 30*time.Second {
		t.Errorf("got %+v, %v after %s; want the pending task at once", task, err, time.Since(asked))
	}
}

func TestAPanicIsLoggedAndTellsNothing(t *testing.T) {
	var log bytes.Buffer
	server := New(nil, nil, Config{Log: slog.New(slog.NewTextHandler(&log, nil)), Addr: "127.0.0.1:0"})
	server.app.Get("/panic/now", func(*fiber.Ctx) error { panic("secret-canary") })
	if err := server.Listen(); err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, base: "http://" + server.Addr().String()}
	s.keep("web", server.Run)
	got := s.do("GET", "/panic/now", "")
	if got.status != 500 || strings.Contains(string(got.body), "canary") || !strings.Contains(log.String(), "secret-canary") {
		t.Errorf("got %d %s, log %s; want a 500 without the panic's text, and the text in the log", got.status, got.body, log.String())
	}
}

func TestRunEndsWithItsContextAndGivesTheAddressBack(t *testing.T) {
	server := New(nil, nil, Config{Addr: "127.0.0.1:0"})
	if err := server.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := server.Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
	ln, err := net.Listen("tcp", server.Addr().String())
	if err != nil {
		t.Fatalf("the address is still taken: %v", err)
	}
	_ = ln.Close()
}

// raw sends bytes as they are and returns all that comes back until the server closes.
func (s *site) raw(text string) string {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		s.t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		s.t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		s.t.Fatalf("the server keeps a bad connection: %v; so far %q", err, answer)
	}
	return string(answer)
}

func TestWhatIsNoHTTPIsRefusedInPlainWords(t *testing.T) {
	s := newSite(t, Config{})
	for name, c := range map[string]struct{ text, status, says string }{
		"bad byte":   {"GET /api/v1/tasks?limit=\x01 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "400", "cannot be read as HTTP"},
		"no HTTP":    {"canary canary canary\r\n\r\n", "400", "cannot be read as HTTP"},
		"bad length": {"POST /submit_task HTTP/1.1\r\nHost: x\r\nContent-Length: canary\r\n\r\n", "400", "cannot be read as HTTP"},
	} {
		got := s.raw(c.text)
		if !strings.HasPrefix(got, "HTTP/1.1 "+c.status) || !strings.Contains(got, c.says) || strings.Contains(got, "canary") {
			t.Errorf("%s: got %q; want %s and %q", name, got, c.status, c.says)
		}
	}
}

func TestAClientThatDripsItsRequestIsCutOff(t *testing.T) {
	s := newSite(t, Config{readTimeout: 100 * time.Millisecond})
	for name, text := range map[string]string{
		"headers": "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"body":    "POST /submit_task HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
	} {
		if got := s.raw(text); got != "" && !strings.HasPrefix(got, "HTTP/1.1 408") {
			t.Errorf("%s: got %q; want 408 or a closed connection", name, got)
		}
	}
}
