package redisdb_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/redisdb"
)

func TestOpenReadsEveryFormOfAddress(t *testing.T) {
	for _, tc := range []struct {
		url  string
		want redis.Options // Addr, DB, Username, Password
		tls  bool
	}{
		{url: "redis://localhost", want: redis.Options{Addr: "localhost:6379"}},
		{url: "redis://ann:s3c@ret:/x@db.example:6380/2", want: redis.Options{Addr: "db.example:6380", DB: 2, Username: "ann", Password: "s3c@ret:/x"}},
		{url: "redis://:a%40b@[::1]:7/0", want: redis.Options{Addr: "[::1]:7", Password: "a@b"}},
		{url: "rediss://db.example/1", want: redis.Options{Addr: "db.example:6379", DB: 1}, tls: true},
		{url: "unix:///tmp/a@b.sock?db=3", want: redis.Options{Addr: "/tmp/a@b.sock", DB: 3}},
		{url: "unix://:pw@/tmp/r.sock", want: redis.Options{Addr: "/tmp/r.sock", Password: "pw"}},
	} {
		client, err := redisdb.Open(t.Context(), tc.url)
		if err != nil {
			t.Errorf("Open(%q): %v", tc.url, err)
			continue
		}
		got := client.(*redis.Client).Options()
		if got.Addr != tc.want.Addr || got.DB != tc.want.DB || got.Username != tc.want.Username ||
			got.Password != tc.want.Password || (got.TLSConfig != nil) != tc.tls {
			t.Errorf("Open(%q): addr %q, db %d, user %q, password %q, TLS %v; want %+v", tc.url,
				got.Addr, got.DB, got.Username, got.Password, got.TLSConfig != nil, tc.want)
		}
		if got.MaxRetries != 0 || !got.ContextTimeoutEnabled || got.ReadTimeout <= 0 || got.WriteTimeout <= 0 {
			t.Errorf("Open(%q): retries %d, deadlines of contexts %v, timeouts %v and %v; want 0, true, set", tc.url,
				got.MaxRetries, got.ContextTimeoutEnabled, got.ReadTimeout, got.WriteTimeout)
		}
		_ = client.Close()
	}
}

func TestOpenReadsClusterAndSentinelAddresses(t *testing.T) {
	client, err := redisdb.Open(t.Context(), "redis+cluster://u:pw@h1:7000,h2:7001")
	if err != nil {
		t.Fatal(err)
	}
	o := client.(*redis.ClusterClient).Options()
	if strings.Join(o.Addrs, " ") != "h1:7000 h2:7001" || o.Username != "u" || o.Password != "pw" {
		t.Errorf("cluster: addrs %q, user %q, password %q", o.Addrs, o.Username, o.Password)
	}
	_ = client.Close()

	client, err = redisdb.Open(t.Context(), "redis+sentinel://u:pw@h1:26379,h2:26380/mymaster/4?sentinel_password=s")
	if err != nil {
		t.Fatal(err)
	}
	so := client.(*redis.Client).Options()
	if so.DB != 4 || so.Username != "u" || so.Password != "pw" {
		t.Errorf("sentinel: db %d, user %q, password %q; want 4, u, pw", so.DB, so.Username, so.Password)
	}
	_ = client.Close()
}

func TestAWrongAddressIsRefusedWithoutItsPassword(t *testing.T) {
	for _, tc := range []struct{ url, want string }{
		{"", "no scheme"},
		{"localhost:6379", "no scheme"},
		{"http://ann:canary@h", `scheme is "http"`},
		{"unix+cluster://h", `scheme is "unix+cluster"`},
		{"redis://ann:canary@h:port", "invalid port"},
		{"redis://ann:canary@h/zero", "invalid database number"},
		{"redis://ann:can?ary@h", "%3F"},
		{"redis://ann:canary%zz@h", "%25"},
		{"redis://ann:canary@h?speed=9", "speed"},
		{"redis+sentinel://ann:canary@h1:1,h2:2", "master's name is missing"},
		{"redis+sentinel://h1:1,,h2:2/m?sentinel_password=canary", "host is missing"},
		{"redis+cluster://ann:canary@h1:1/2", "no numbered databases"},
	} {
		_, err := redisdb.Open(t.Context(), tc.url)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("Open(%q): %v; want an error with %q", tc.url, err, tc.want)
			continue
		}
		if strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "ary@") {
			t.Errorf("Open(%q) prints the password: %v", tc.url, err)
		}
	}
}

func TestRedactHidesTheSecrets(t *testing.T) {
	for raw, want := range map[string]string{
		"redis://ann:pw@h:1/0":                              "redis://ann:xxxxx@h:1/0",
		"redis://h:1/0":                                     "redis://h:1/0",
		"unix:///tmp/a@b.sock":                              "unix:///tmp/a@b.sock",
		"redis+sentinel://h:1/m?sentinel_password=pw":       "redis+sentinel://h:1/m?xxxxx",
		"redis://:p@w@h":                                    "redis://:xxxxx@h",
		"pw-without-a-scheme":                               "(no address)",
		"redis+cluster://:pw@h1:1,h2:2?sentinel_password=x": "redis+cluster://:xxxxx@h1:1,h2:2?xxxxx",
	} {
		if got := redisdb.Redact(raw); got != want {
			t.Errorf("Redact(%q) = %q; want %q", raw, got, want)
		}
	}
}

// cutter accepts connections, and cuts each at the first command that is not part of a handshake.
func cutter(t *testing.T) (addr string, commands *atomic.Int32) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	commands = new(atomic.Int32)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			cut(conn, listener.Addr().String(), commands)
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return listener.Addr().String(), commands
}

func cut(conn net.Conn, addr string, commands *atomic.Int32) {
	defer conn.Close()
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		text := strings.ToLower(string(buf[:n]))
		host, port, _ := net.SplitHostPort(addr)
		switch {
		case strings.Contains(text, "rpush"):
			commands.Add(1)
			return
		case strings.Contains(text, "slots"):
			_, _ = io.WriteString(conn, "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n"+host+"\r\n:"+port+"\r\n")
		default:
			for range strings.Count(text, "*") {
				_, _ = io.WriteString(conn, "-ERR unknown command\r\n")
			}
		}
	}
}

func TestACommandWithALostReplyIsSentOnce(t *testing.T) {
	for _, scheme := range []string{"redis", "redis+cluster"} {
		t.Run(scheme, func(t *testing.T) {
			addr, commands := cutter(t)
			client, err := redisdb.Open(t.Context(), scheme+"://"+addr)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			err = client.RPush(t.Context(), "k", "v").Err()
			if err == nil || commands.Load() != 1 {
				t.Errorf("RPUSH was sent %d times and gave %v; want once and an error", commands.Load(), err)
			}
		})
	}
}

func TestADeadlineInterruptsACommand(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := redisdb.Open(t.Context(), "redis://"+listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	err = client.Ping(ctx).Err()
	if err == nil || time.Since(began) > 2*time.Second {
		t.Errorf("a silent server: %v after %v; want an error soon after 50 ms", err, time.Since(began))
	}
	<-ctx.Done()
	if _, err := redisdb.Open(ctx, "redis://h"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Open after the deadline: %v; want %v", err, context.DeadlineExceeded)
	}
}
