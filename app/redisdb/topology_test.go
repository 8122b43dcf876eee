package redisdb_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/redisdb/child"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

func TestAClusterIsOpenedByItsAddress(t *testing.T) {
	node := redistest.New(t, "--cluster-enabled", "yes")
	ctx := t.Context()
	if err := redistest.Open(t, node.URL()).ClusterAddSlotsRange(ctx, 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	client := redistest.Open(t, "redis+cluster://"+node.Addr())
	until(t, "the cluster takes a script on one hash tag", func() bool {
		script := `redis.call('SET', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[2])`
		got, err := client.Eval(ctx, script, []string{"qp:{0}:a", "qp:{0}:a"}, "v").Text()
		return err == nil && got == "v"
	})
}

func TestASentinelGroupIsOpenedByItsAddress(t *testing.T) {
	master := redistest.New(t)
	sentinel := startSentinel(t, master.Addr())
	client := redistest.Open(t, "redis+sentinel://"+sentinel+"/mymaster/0")
	until(t, "the master that the Sentinel names answers", func() bool {
		return client.Set(t.Context(), "k", "v", 0).Err() == nil
	})
	if got, err := redistest.Open(t, master.URL()).Get(t.Context(), "k").Result(); got != "v" {
		t.Errorf("the master holds %q, %v; want v", got, err)
	}
}

// startSentinel starts a Sentinel that watches master, and returns its address.
func startSentinel(t *testing.T, master string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(addr)
	config := filepath.Join(t.TempDir(), "sentinel.conf") // Sentinel writes its state into it
	text := fmt.Sprintf("port %s\nbind 127.0.0.1\nsentinel monitor mymaster %s 1\n", port, strings.Replace(master, ":", " ", 1))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := child.Start(exec.Command("redis-server", config, "--sentinel"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return addr
}
