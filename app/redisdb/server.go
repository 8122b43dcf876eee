package redisdb

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/loop"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/child"
)

const (
	serverPromise = "A task that was accepted survives a crash or restart of QueuePilot and of Redis; " +
		"a power loss may cost the last second (append-only file, synced every second)."

	appendOnlyDir = "appendonlydir" // redis-server's own name for it

	// longestSocketPath is what fits into sockaddr_un with its closing zero: 108 bytes on Linux, 104 on macOS.
	longestSocketPath = 103
	// silence is how long a starting redis-server may not answer at all. Loading a large file is an answer.
	silence   = 30 * time.Second
	readyPoll = 5 * time.Millisecond
	// stopGrace is for the last write to a slow disk; usually it takes 25 ms.
	stopGrace = 10 * time.Second
	// restartEvery bounds how often a redis-server that keeps crashing is started.
	restartEvery = time.Second
)

// server is a redis-server child that is kept running.
type server struct {
	binary string
	dir    string
	socket string
	lock   *os.File
	log    *slog.Logger
	out    tail
	cuts   *truncations

	process         *child.Process // nil while it does not run; the loop's own until that has ended
	removeSocketDir func() error
}

func startServer(ctx context.Context, cfg StoreConfig, lock *os.File) (*Store, error) {
	binary, err := exec.LookPath(RedisServer)
	if err != nil {
		return nil, fmt.Errorf("no redis-server on PATH (%s): %w", InstallHint, err)
	}
	s := &server{
		binary: binary, dir: cfg.Dir, lock: lock, log: cfg.Log,
		cuts: &truncations{dir: cfg.Dir, log: cfg.Log},
	}
	if s.socket, s.removeSocketDir, err = socketPath(cfg.Dir); err != nil {
		return nil, err
	}
	if s.process, err = s.launch(ctx); err != nil {
		return nil, errors.Join(err, s.removeSocketDir())
	}
	return &Store{URL: s.url(), Kind: RedisServer, Promise: serverPromise, stop: s.keep()}, nil
}

func (s *server) url() string { return "unix://" + s.socket }

// socketPath returns where the socket goes: into dir, or into a short folder of its own where dir is too long for the
// kernel, and how to remove that again.
func socketPath(dir string) (path string, remove func() error, err error) {
	const name = "r.sock"
	path = filepath.Join(dir, name)
	if len(path) <= longestSocketPath && !strings.ContainsAny(path, "?#%") {
		return path, func() error { return nil }, nil
	}
	parent := os.TempDir()
	if len(parent) > longestSocketPath/2 {
		parent = "/tmp"
	}
	short, err := os.MkdirTemp(parent, "queuepilot-")
	if err != nil {
		return "", nil, fmt.Errorf("make a folder for Redis's socket: %w", err)
	}
	return filepath.Join(short, name), func() error { return os.RemoveAll(short) }, nil
}

// launch starts the child and waits until it answers.
func (s *server) launch(ctx context.Context) (*child.Process, error) {
	// #nosec G204: redis-server as found on PATH, with arguments of our own
	cmd := exec.Command(s.binary,
		"--port", "0", "--unixsocket", s.socket, "--unixsocketperm", "700",
		"--dir", s.dir, "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction")
	output := io.MultiWriter(&s.out, s.cuts)
	cmd.Stdout, cmd.Stderr = output, output
	cmd.ExtraFiles = []*os.File{s.lock} // the folder stays taken until the child is gone, even if we are killed
	p, err := child.Start(cmd)
	if err != nil {
		return nil, err
	}
	if err := s.answers(ctx, p); err != nil {
		p.Stop(stopGrace)
		return nil, err
	}
	return p, nil
}

// answers returns once p answers a PING, or with the reason why it will not.
func (s *server) answers(ctx context.Context, p *child.Process) error {
	poll := time.NewTicker(readyPoll)
	defer poll.Stop()
	for heard := time.Now(); ; {
		reply, err := ping(ctx, s.socket)
		switch {
		case reply == "+PONG":
			return nil
		case strings.HasPrefix(reply, "-LOADING"):
			heard = time.Now()
		case time.Since(heard) > silence:
			return fmt.Errorf("redis-server does not answer (%q): %w%s", reply, err, s.out.lines())
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for redis-server: %w", ctx.Err())
		case <-p.Done():
			return fmt.Errorf("redis-server ended at its start: %w%s", exitError(p), s.out.lines())
		case <-poll.C:
		}
	}
}

// ping asks once, on a connection of its own: a client's pool would hold back after some failed dials.
func ping(ctx context.Context, socket string) (reply string, err error) {
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return "", err
	}
	defer conn.Close() //nolint:errcheck // nothing was written that must arrive
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(line), err
}

// keep runs the child until the returned function is called, starting it again whenever it ends by itself: its data is
// in the append-only file, and every client connects again.
func (s *server) keep() (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = loop.Run(ctx, restartEvery, nil, s.watch, s.reportFailure)
	}()
	return func() error {
		cancel()
		<-done
		return errors.Join(s.end(), s.removeSocketDir(), s.lock.Close())
	}
}

// watch starts the child where it does not run, and returns when it has ended by itself, or when ctx did.
func (s *server) watch(ctx context.Context) error {
	if s.process == nil {
		var err error
		if s.process, err = s.launch(ctx); err != nil {
			return err
		}
		s.log.Info("redis-server runs again")
	}
	select {
	case <-s.process.Done():
		s.log.Error("redis-server ended unexpectedly", "error", exitError(s.process), "output", s.out.lines())
		s.process = nil
	case <-ctx.Done():
	}
	return nil
}

func (s *server) end() error {
	if s.process != nil && !s.process.Stop(stopGrace) {
		return fmt.Errorf("redis-server did not stop within %v and was killed", stopGrace)
	}
	return nil
}

func (s *server) reportFailure(err error) {
	if err != nil {
		s.log.Error("redis-server cannot be started again, trying on", "error", err)
	}
}

// exitError says how a process ended that was not meant to end, so that exit code 0 is an error too.
func exitError(p *child.Process) error {
	if err := p.Wait(); err != nil {
		return err
	}
	return errors.New("exit status 0")
}
