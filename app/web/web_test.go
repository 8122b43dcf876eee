package web

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/live"
	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

// site is a real server on a real redis-server, reached over real HTTP.
type site struct {
	t      *testing.T
	redis  *redistest.Redis
	client *queue.Client
	server *Server
	base   string
	stop   func() // the web server, as its process would
}

func newSite(t *testing.T, cfg Config) *site {
	t.Helper()
	rdb := redistest.New(t)
	return newSiteOn(t, rdb, queue.New(redistest.Open(t, rdb.URL())), cfg)
}

func newSiteOn(t *testing.T, rdb *redistest.Redis, client *queue.Client, cfg Config) *site {
	t.Helper()
	s := &site{t: t, redis: rdb, client: client}
	cfg.Addr, cfg.Version = "127.0.0.1:0", "test"
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	hub := live.New(s.client, live.Config{Version: "test", Log: cfg.Log, Drills: cfg.Drills})
	server := New(s.client, hub, cfg)
	if err := server.Listen(); err != nil {
		t.Fatal(err)
	}
	s.server, s.base = server, "http://"+server.Addr().String()
	s.keep("hub", hub.Run)
	s.stop = s.keep("web", server.Run)
	return s
}

// keep runs a part until it is stopped or the test ends, and waits for it. The last one started ends first.
func (s *site) keep(name string, run func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Errorf("%s: %v", name, err)
		}
	})
	s.t.Cleanup(stop)
	return stop
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request; headers come as pairs.
func (s *site) do(method, path, body string, headers ...string) answer {
	s.t.Helper()
	return s.send(method, path, []byte(body), headers...)
}

func (s *site) send(method, path string, body []byte, headers ...string) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer{resp.StatusCode, resp.Header, text}
}

// api sends JSON to the API.
func (s *site) api(method, path, body string) answer {
	s.t.Helper()
	return s.do(method, "/api/v1"+path, body, "Content-Type", "application/json")
}

// json decodes the answer.
func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("not a JSON object: %q: %v", a.body, err)
	}
	return v
}

// want fails the test where the status is another.
func (a answer) want(t *testing.T, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("got %d %s; want %d", a.status, a.body, status)
	}
	return a
}

var eventually = redistest.Eventually

func (s *site) submit(tasks ...queue.Task) {
	s.t.Helper()
	done, err := s.client.Submit(s.t.Context(), tasks...)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, d := range done {
		if d.Err != nil {
			s.t.Fatal(d.Err)
		}
	}
}
