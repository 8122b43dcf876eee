package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/xuniquepatel/queue-pilot/app/redisdb/child"
)

const (
	// postgresStart is how long a new cluster may take to answer; usually it takes half a second.
	postgresStart = 30 * time.Second
	// postgresStop is for the last write to a slow disk.
	postgresStop = 10 * time.Second
	// postgresConnections are as many as asynq's and our clients may open, and more than there are producers.
	postgresConnections = 32
)

// postgresSettings are those that differ from PostgreSQL's defaults: what is committed may be lost in a power loss if it
// is younger than 0.6 s, as with Redis's file that is synced every second.
var postgresSettings = []string{"synchronous_commit=off"}

// cluster is a PostgreSQL of our own, gone with its data when it is stopped.
type cluster struct {
	bin     string              // the folder of its programs
	dir     string              // of its data and its socket
	user    *syscall.Credential // nil for this process's own
	process *child.Process
	output  bytes.Buffer // whole once the process has ended
}

// findPostgres returns the folder of initdb and postgres: of PATH, else of the usual places, where PostgreSQL's packages
// put them outside of PATH.
func findPostgres() (string, error) {
	var places []string
	if found, err := exec.LookPath("postgres"); err == nil {
		places = append(places, filepath.Dir(found))
	}
	for _, usual := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin",
		"/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin",
	} {
		found, _ := filepath.Glob(usual) // its only error is a malformed pattern
		places = append(places, found...)
	}
	for _, dir := range places {
		_, noServer := os.Stat(filepath.Join(dir, "postgres"))
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil && noServer == nil {
			return dir, nil
		}
	}
	return "", notHere("no PostgreSQL here (Debian: apt-get install postgresql; macOS: brew install postgresql)")
}

// startPostgres makes a cluster in a temporary folder, and starts it on a unix socket there. Stop it when done.
func startPostgres(ctx context.Context) (*cluster, error) {
	bin, err := findPostgres()
	if err != nil {
		return nil, err
	}
	c := &cluster{bin: bin}
	for _, step := range []func(context.Context) error{c.makeFolder, c.initialize, c.launch, c.answers} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("start PostgreSQL: %w", err), c.stop())
		}
	}
	return c, nil
}

// makeFolder makes the cluster's folder. PostgreSQL refuses to run as root, so for root it belongs to another user.
func (c *cluster) makeFolder(context.Context) (err error) {
	if c.dir, err = os.MkdirTemp("", "peers-postgres"); err != nil || os.Geteuid() != 0 {
		return err
	}
	if c.user, err = unprivileged(); err != nil {
		return err
	}
	return os.Chown(c.dir, int(c.user.Uid), int(c.user.Gid))
}

// unprivileged returns a user who may do nothing: PostgreSQL's own, else the one that every system has.
func unprivileged() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(uidErr, gidErr)
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")
}

// command is one of PostgreSQL's programs, as the cluster's user, in a folder that this user may enter.
func (c *cluster) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, name), args...) // #nosec G204: as found on PATH
	cmd.Dir = c.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.user}
	return cmd
}

func (c *cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *cluster) initialize(ctx context.Context) error {
	out, err := c.command(ctx, "initdb", "-D", c.data(), "-U", "peers", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync").
		CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

func (c *cluster) launch(ctx context.Context) (err error) {
	args := []string{"-D", c.data(), "-k", c.dir, "-c", "listen_addresses="}
	for _, setting := range postgresSettings {
		args = append(args, "-c", setting)
	}
	cmd := c.command(context.WithoutCancel(ctx), "postgres", args...) // stop ends it, in an orderly way
	cmd.Stdout, cmd.Stderr = &c.output, &c.output
	c.process, err = child.Start(cmd)
	return err
}

// answers returns once a connection is to be had.
func (c *cluster) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, postgresStart)
	defer cancel()
	pool, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	return until(ctx, func() (bool, error) {
		select {
		case <-c.process.Done():
			return false, fmt.Errorf("it ended at its start: %s", bytes.TrimSpace(c.output.Bytes()))
		default:
			return pool.Ping(ctx) == nil, nil
		}
	})
}

// open returns connections to it, which are opened as they are needed. Close them before stop.
func (c *cluster) open(ctx context.Context) (*pgxpool.Pool, error) {
	return pgxpool.New(ctx, fmt.Sprintf("host=%s user=peers dbname=postgres pool_max_conns=%d", c.dir, postgresConnections))
}

func (c *cluster) stop() error {
	if c.process != nil {
		_ = c.process.Signal(os.Interrupt) // its fast way to stop; an error means that it is gone
		c.process.Stop(postgresStop)
	}
	return os.RemoveAll(c.dir)
}
