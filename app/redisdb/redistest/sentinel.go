package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/redisdb/child"
)

// masterSet is the name under which the Sentinels know their master.
const masterSet = "mymaster"

// Sentinel is a master with a replica, watched by three Sentinels that need two to agree. A master that is silent for
// a second is down to them.
type Sentinel struct {
	t       testing.TB
	servers [2]*Redis
	addrs   []string
	ask     *redis.SentinelClient
}

// NewSentinel starts one, and returns once every Sentinel knows the replica and the others, so that a failover is
// possible.
func NewSentinel(t testing.TB) *Sentinel {
	t.Helper()
	master := New(t, "--repl-diskless-sync-delay", "0")
	host, port, _ := net.SplitHostPort(master.Addr())
	replica := New(t, "--repl-diskless-sync-delay", "0", "--replicaof", host, port)
	s := &Sentinel{t: t, servers: [2]*Redis{master, replica}}
	for range 3 {
		s.addrs = append(s.addrs, StartSentinel(t, master.Addr()))
	}
	s.ask = redis.NewSentinelClient(&redis.Options{Addr: s.addrs[0], MaxRetries: -1})
	t.Cleanup(func() { _ = s.ask.Close() })
	s.until("every Sentinel knows the replica and the others", s.known)
	return s
}

// URL is the group's address.
func (s *Sentinel) URL() string {
	return "redis+sentinel://" + strings.Join(s.addrs, ",") + "/" + masterSet + "/0"
}

// Master is the server that the first Sentinel names as master now, and the other one.
func (s *Sentinel) Master() (master, replica *Redis) {
	s.t.Helper()
	addr := s.masterAddr()
	if addr == s.servers[0].Addr() {
		return s.servers[0], s.servers[1]
	}
	return s.servers[1], s.servers[0]
}

func (s *Sentinel) masterAddr() string {
	s.t.Helper()
	at, err := s.ask.GetMasterAddrByName(context.Background(), masterSet).Result()
	if err != nil {
		s.t.Fatalf("ask the Sentinel for the master: %v", err)
	}
	return net.JoinHostPort(at[0], at[1])
}

// Failover makes the Sentinels promote the replica, in order, and returns when they name it.
func (s *Sentinel) Failover() {
	s.t.Helper()
	old := s.masterAddr()
	s.until("a failover begins", func(ctx context.Context) error { return s.ask.Failover(ctx, masterSet).Err() })
	s.UntilMasterIsNot(old)
}

// Detach cuts the replica off from its master. The Sentinels put that right some eight seconds later.
func (s *Sentinel) Detach(replica *Redis) {
	s.t.Helper()
	client := Open(s.t, replica.URL())
	if err := client.SlaveOf(context.Background(), "127.0.0.1", "1").Err(); err != nil {
		s.t.Fatalf("detach the replica: %v", err)
	}
}

// UntilMasterIsNot waits until the Sentinels name another master than the one at addr.
func (s *Sentinel) UntilMasterIsNot(addr string) {
	s.t.Helper()
	s.until("there is a new master", func(context.Context) error {
		if s.masterAddr() == addr {
			return errors.New("it is the old one")
		}
		return nil
	})
}

// known reports whether a failover would find its replica and its quorum.
func (s *Sentinel) known(ctx context.Context) error {
	for _, addr := range s.addrs {
		ask := redis.NewSentinelClient(&redis.Options{Addr: addr, MaxRetries: -1})
		info, err := ask.Master(ctx, masterSet).Result()
		_ = ask.Close() // nothing was written
		if err != nil || info["num-slaves"] != "1" || info["num-other-sentinels"] != "2" {
			return fmt.Errorf("%s knows %s replicas and %s others: %w", addr, info["num-slaves"], info["num-other-sentinels"], errors.Join(err))
		}
	}
	return nil
}

func (s *Sentinel) until(what string, ok func(context.Context) error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		err := ok(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			s.t.Fatalf("waiting until %s: %v", what, err)
		case <-poll.C:
		}
	}
}

// StartSentinel starts one Sentinel that watches the master at addr, under the name mymaster, and returns its own address.
func StartSentinel(t testing.TB, addr string) string {
	t.Helper()
	port := takePort(t)
	config := filepath.Join(t.TempDir(), "sentinel.conf") // Sentinel writes its state into it
	text := fmt.Sprintf("port %d\nbind 127.0.0.1\nsentinel monitor %s %s 2\nsentinel down-after-milliseconds %[2]s 1000\n"+
		"sentinel failover-timeout %[2]s 6000\n", port, masterSet, strings.Replace(addr, ":", " ", 1))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := child.Start(exec.Command("redis-server", config, "--sentinel")) // #nosec G204: a file of ours
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(patience) })
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(port))
}
