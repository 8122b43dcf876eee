// Package redistest gives tests a Redis of their own: a real redis-server that they can stop, kill and freeze, or the
// in-process store. Tests of moves run on both (Each). Only tests import it.
package redistest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/redisdb"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/child"
)

const (
	// patience is for a machine that is busy with other tests.
	patience = 30 * time.Second
	// Ports from here on are below those that kernels give to outgoing connections, so that nothing takes a stopped
	// server's port before it starts again.
	firstPort, ports = 20000, 12000
)

// Redis is a real redis-server with an append-only file, on a port of its own. It is gone when its test ends.
type Redis struct {
	t       testing.TB
	binary  string
	dir     string
	port    int
	args    []string
	env     []string // nil for this process's own
	process *child.Process
	out     *Log // of the process that was started last
}

// Server starts a real redis-server and returns its address.
func Server(t testing.TB) string {
	t.Helper()
	return New(t).URL()
}

// Memory starts the in-process store and returns its address.
func Memory(t testing.TB) string {
	t.Helper()
	store, err := redisdb.Start(t.Context(), redisdb.StoreConfig{
		Kind: redisdb.Memory, Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close the store in memory: %v", err)
		}
	})
	return store.URL + "?read_timeout=30s" // it compiles each script anew, on a machine that is busy with other tests
}

// Each runs test as a subtest on a real redis-server and on the in-process store.
func Each(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("redis-server", func(t *testing.T) { test(t, Server(t)) })
	t.Run("memory", func(t *testing.T) { test(t, Memory(t)) })
}

// Open returns a client of url that is closed when the test ends.
func Open(t testing.TB, url string) redis.UniversalClient {
	t.Helper()
	client, err := redisdb.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// New starts a real redis-server; args are further arguments, such as "--maxmemory", "10mb". The test fails where no
// redis-server is installed: a skipped test would prove nothing.
func New(t testing.TB, args ...string) *Redis {
	t.Helper()
	return launch(t, nil, args)
}

func launch(t testing.TB, env, args []string) *Redis {
	t.Helper()
	binary, err := exec.LookPath(redisdb.RedisServer)
	if err != nil {
		t.Fatalf("this test needs a redis-server, and none is on PATH: %s", redisdb.InstallHint)
	}
	s := &Redis{t: t, binary: binary, dir: t.TempDir(), args: args, env: env}
	t.Cleanup(s.end)
	s.startWithin(func() { s.port = takePort(t) })
	return s
}

// URL returns the address, which stays the same when the server is started again.
func (s *Redis) URL() string { return fmt.Sprintf("redis://127.0.0.1:%d/0", s.port) }

// Addr returns host and port.
func (s *Redis) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Start starts a stopped or killed server again, on the same port and data, and returns once it answers.
func (s *Redis) Start() {
	s.t.Helper()
	s.startWithin(func() {})
}

// startWithin starts the server, again where a busy machine does not let it, each time after before.
func (s *Redis) startWithin(before func()) {
	s.t.Helper()
	poll := time.NewTicker(200 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(patience); ; <-poll.C {
		before()
		err := s.start()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatal(err)
		}
		s.t.Logf("again: %v", err)
	}
}

// Stop ends the server in an orderly way.
func (s *Redis) Stop() {
	s.t.Helper()
	if !s.process.Stop(patience) {
		s.t.Fatalf("redis-server did not stop within %v", patience)
	}
}

// Written waits until everything that was answered stands in the append-only file: while a sync of it takes long, Redis
// holds writes back for up to two seconds, and a Kill would lose them.
func (s *Redis) Written() {
	s.t.Helper()
	client, err := redisdb.Open(context.Background(), s.URL())
	if err != nil {
		s.t.Fatal(err)
	}
	defer client.Close() //nolint:errcheck // nothing was written
	UntilWritten(s.t, client)
}

// UntilWritten is Written for a server that somebody else started.
func UntilWritten(t testing.TB, client redis.UniversalClient) {
	t.Helper()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(patience); ; <-poll.C {
		info, err := client.InfoMap(context.Background(), "persistence").Result()
		if err == nil && info["Persistence"]["aof_buffer_length"] == "0" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the append-only file is not written after %v: %v, %v", patience, info, err)
		}
	}
}

// Kill ends the server as a crash would: SIGKILL.
func (s *Redis) Kill() { s.process.Kill() }

// CutTail cuts the last bytes off the append-only file of a server that does not run, as a crash of the machine might.
func (s *Redis) CutTail(bytes int) {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(s.dir, "appendonlydir", "*.incr.aof"))
	if err != nil || len(files) == 0 {
		s.t.Fatalf("find the append-only file: %v, %v", files, err)
	}
	last := files[len(files)-1]
	info, err := os.Stat(last)
	if err == nil {
		err = os.Truncate(last, max(info.Size()-int64(bytes), 0))
	}
	if err != nil {
		s.t.Fatalf("cut the append-only file: %v", err)
	}
}

// Pause freezes the server: it accepts connections and answers nothing.
func (s *Redis) Pause() { s.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Redis) Resume() { s.signal(syscall.SIGCONT) }

func (s *Redis) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.process.Signal(sig); err != nil {
		s.t.Fatalf("send %v to redis-server: %v", sig, err)
	}
}

func (s *Redis) start() error {
	args := append([]string{
		"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--dir", s.dir,
		"--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
	}, s.args...)
	cmd := exec.Command(s.binary, args...) // #nosec G204: redis-server, as found on PATH
	cmd.Env = s.env
	out := &Log{}
	cmd.Stdout, cmd.Stderr = out, out
	p, err := child.Start(cmd)
	if err != nil {
		return err
	}
	s.process, s.out = p, out
	if err := s.answers(); err != nil {
		p.Kill()
		return err
	}
	return nil
}

// answers returns once this very process answers: another test's server on the same port would too.
func (s *Redis) answers() error {
	client, err := redisdb.Open(context.Background(), s.URL()+"?pool_size=10000") // a small pool gives up dialling
	if err != nil {
		return err
	}
	defer client.Close() //nolint:errcheck // nothing was written
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		err := s.isOurs(ctx, client)
		if err == nil {
			return nil
		}
		select {
		case <-s.process.Done():
			return fmt.Errorf("redis-server on port %d ended at its start: %w\n%s", s.port, s.process.Wait(), s.out)
		case <-ctx.Done():
			return fmt.Errorf("redis-server on port %d does not answer: %w", s.port, err)
		case <-poll.C:
		}
	}
}

func (s *Redis) isOurs(ctx context.Context, client redis.UniversalClient) error {
	info, err := client.InfoMap(ctx, "server").Result()
	if err != nil {
		return err
	}
	if pid := info["Server"]["process_id"]; pid != strconv.Itoa(s.process.PID()) {
		return errors.New("another process answers: " + pid)
	}
	return client.Ping(ctx).Err() // INFO is answered while the data is still loading, too
}

func (s *Redis) end() {
	if s.process == nil {
		return
	}
	_ = s.process.Signal(syscall.SIGCONT) // it may be paused; an error means that it is gone
	s.process.Stop(patience)
}

// takePort returns a port that nothing listens on now. It is the test's until its end.
func takePort(t testing.TB) int {
	for {
		if port := firstPort + rand.IntN(ports); take(t, port) {
			return port
		}
	}
}

// take makes a port the test's, and reports whether it could. A server gives its port up whenever it is down; what keeps
// other tests, also those of other processes, away from it meanwhile is the UDP port of that number, which its test holds.
func take(t testing.TB, port int) bool {
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	held, err := net.ListenPacket("udp", addr)
	if err != nil {
		return false
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil || listener.Close() != nil {
		_ = held.Close() // nothing was written
		return false
	}
	t.Cleanup(func() { _ = held.Close() })
	return true
}
