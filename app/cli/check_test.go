package cli

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
	"github.com/xuniquepatel/queue-pilot/workers"
)

func logTo(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

func page(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url) // #nosec G107: this test's own server
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestNoRoleStartsOnARedisThatCannotWork(t *testing.T) {
	evicting := redistest.New(t, "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
	primary := redistest.New(t)
	_, port, _ := strings.Cut(primary.Addr(), ":")
	replica := redistest.New(t, "--replicaof", "127.0.0.1", port)
	for _, role := range []string{"serve", "web", "scheduler", "monitor", "worker"} {
		for url, fix := range map[string]string{
			evicting.URL(): "run CONFIG SET maxmemory-policy noeviction",
			replica.URL():  "connect to its primary, " + primary.Addr(),
		} {
			code, _, stderr := here(t, "", role, "--addr=127.0.0.1:0", "--redis-url="+url)
			if code != exitFailed || !strings.Contains(stderr, fix) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("%s on %s: exit %d, %q; want 1 and one line with %q", role, url, code, stderr, fix)
			}
		}
	}
}

func TestThePromiseAndTheWarningsOfRedisAreLoggedOnceAndShown(t *testing.T) {
	cfg := DefaultConfig()
	cfg.RedisURL = redistest.New(t, "--appendonly", "no", "--save", "").URL()
	out := new(redistest.Log)
	app, stop := startLogged(t, cfg, Web, logTo(out))
	const promise = "Redis keeps tasks in memory only: when it restarts, every task is gone."
	if got := page(t, app.URL()); !strings.Contains(got, promise) {
		t.Errorf("the page lacks %q:\n%s", promise, got)
	}
	eventually(t, "the warning is logged", func() bool { return strings.Contains(out.String(), "CONFIG SET appendonly yes") })
	stop()
	if got := out.String(); strings.Count(got, `level=INFO msg="Redis promises" promise="`+promise) != 1 ||
		strings.Count(got, `level=WARN msg="Redis may lose tasks"`) != 1 {
		t.Errorf("log:\n%s\nwant one line of the promise and one of the warning", got)
	}
}

func TestARedisThatComesLaterIsCheckedThen(t *testing.T) {
	rdb := redistest.New(t, "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
	rdb.Stop()
	cfg := DefaultConfig()
	cfg.RedisURL = rdb.URL()
	out := new(redistest.Log)
	app, _ := startLogged(t, cfg, Web, logTo(out))
	const promise = "A crash of Redis loses nothing"
	if got := page(t, app.URL()+"/submit"); strings.Contains(got, promise) {
		t.Errorf("with Redis away the page promises %q", promise)
	}
	rdb.Start()
	eventually(t, "the refusal is an error in the log", func() bool {
		return regexp.MustCompile(`level=ERROR msg="QueuePilot cannot work on this Redis" error=".*CONFIG SET maxmemory-policy`).
			MatchString(out.String())
	})
	if got := page(t, app.URL()+"/submit"); !strings.Contains(got, promise) {
		t.Errorf("the page lacks %q:\n%s", promise, got)
	}
}

func TestASilentRedisHoldsUpNoStart(t *testing.T) {
	rdb := redistest.New(t)
	rdb.Pause()
	defer rdb.Resume()
	cfg := DefaultConfig()
	cfg.RedisURL = rdb.URL()
	began := time.Now()
	startApp(t, cfg, Web)
	if took := time.Since(began); took > 10*startPatience {
		t.Errorf("the start took %v; want about %v", took, startPatience)
	}
}

func TestOnlyWhatChangedIsToldAndARefusalEachTimeItIsNew(t *testing.T) {
	rdb := redistest.Open(t, redistest.New(t).URL())
	var out bytes.Buffer
	c := newCheck(queue.New(rdb), logTo(&out))
	c.every = 0 // each step looks
	set := func(name, value string) { configure(t, rdb, name, value) }
	const promises, warns, refuses = "Redis promises", "Redis may lose tasks", "cannot work on this Redis"
	for _, s := range []struct {
		name   string
		change func()
		want   []string // messages, in order
	}{
		{"the first look", func() {}, []string{promises}},
		{"the same again", func() {}, nil},
		{"a policy without a limit", func() { set("maxmemory-policy", "allkeys-lru") }, []string{warns}},
		{"a limit", func() { set("maxmemory", "104857600") }, []string{"a warning about Redis is over", refuses}},
		{"the refusal again", func() {}, nil},
		{"no limit", func() { set("maxmemory", "0") }, []string{warns, "can work on this Redis again"}},
		{"the limit again", func() { set("maxmemory", "104857600") }, []string{"a warning about Redis is over", refuses}},
		{"another policy", func() { set("maxmemory-policy", "allkeys-lfu") }, []string{refuses}},
		{"another durability", func() { set("appendfsync", "always") }, []string{promises}},
	} {
		out.Reset()
		s.change()
		if err := c.step(t.Context()); err != nil {
			t.Errorf("%s: %v; want no error, the process goes on", s.name, err)
		}
		wantLines(t, s.name, out.String(), s.want)
	}
	if !strings.Contains(c.promised(), "synced at every write") {
		t.Errorf("the promise is %q; want the last one", c.promised())
	}
}

func configure(t *testing.T, rdb redis.UniversalClient, name, value string) {
	t.Helper()
	if err := rdb.ConfigSet(t.Context(), name, value).Err(); err != nil {
		t.Fatal(err)
	}
}

// wantLines wants a line a message, in their order, and nothing else.
func wantLines(t *testing.T, name, got string, want []string) {
	t.Helper()
	lines := strings.FieldsFunc(got, func(r rune) bool { return r == '\n' })
	ok := len(lines) == len(want)
	for i := 0; ok && i < len(want); i++ {
		ok = strings.Contains(lines[i], want[i])
	}
	if !ok {
		t.Errorf("%s: logged %q; want a line each of %q", name, lines, want)
	}
}

func TestAWorkerThatWasDrainedEndsAlthoughRedisIsWatched(t *testing.T) {
	cfg := DefaultConfig()
	cfg.RedisURL = redistest.New(t).URL()
	app, err := Open(t.Context(), cfg, Worker, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- app.Run(ctx) }()
	var ids []string
	eventually(t, "a worker is listed", func() bool {
		ids = app.client.Redis().ZRange(ctx, app.client.Keys().Workers(), 0, -1).Val()
		return len(ids) == 1
	})
	if err := workers.Drain(ctx, app.client, ids[0]); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("Run: %v; want nil", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the process of a drained worker does not end")
	}
}
