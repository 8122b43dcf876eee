package redisdb_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/redisdb"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

func serverPID(t *testing.T, client redis.UniversalClient) int {
	t.Helper()
	info, err := client.InfoMap(t.Context(), "server").Result()
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(info["Server"]["process_id"])
	return pid
}

func TestARedisServerThatCrashesIsStartedAgainWithItsData(t *testing.T) {
	_, client, _ := start(t, redisdb.RedisServer, t.TempDir())
	example.write(t, client)
	first := serverPID(t, client)
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	until(t, "another redis-server answers", func() bool {
		pid := serverPID(t, client)
		return pid != 0 && pid != first
	})
	if diff := cmp.Diff(example, read(t, client)); diff != "" {
		t.Errorf("after the crash (-want +got):\n%s", diff)
	}
}

func TestARedisServerEndsWithItsParentAndFreesTheFolder(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holdFolder+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	client := redistest.Open(t, strings.TrimSpace(url))
	example.write(t, client)
	orphan := serverPID(t, client)
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // killed: always an error

	_, client, _ = start(t, redisdb.RedisServer, dir)
	if diff := cmp.Diff(example, read(t, client)); diff != "" {
		t.Errorf("after the parent was killed (-want +got):\n%s", diff)
	}
	until(t, "the orphan is gone", func() bool { return errors.Is(syscall.Kill(orphan, 0), syscall.ESRCH) })
}

func TestALongFolderNameIsNoObstacle(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long/", 30))
	t.Setenv("TMPDIR", t.TempDir())
	store, client, stop := start(t, redisdb.RedisServer, dir)
	example.write(t, client)
	socket := strings.TrimPrefix(store.URL, "unix://")
	stop()
	if _, err := os.Stat(filepath.Dir(socket)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of the socket %s is still there: %v", socket, err)
	}
}

func TestADamagedAppendOnlyFileIsReportedInRedisWords(t *testing.T) {
	dir := t.TempDir()
	_, client, stop := start(t, redisdb.RedisServer, dir)
	example.write(t, client)
	stop()
	files, _ := filepath.Glob(filepath.Join(dir, "appendonlydir", "*.incr.aof"))
	if len(files) != 1 {
		t.Fatalf("append-only files: %q; want one", files)
	}
	if err := os.WriteFile(files[0], []byte("*1\r\nnonsense\r\n*1\r\n$4\r\nPING\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := redisdb.Start(t.Context(), redisdb.StoreConfig{Kind: redisdb.RedisServer, Dir: dir, Log: quiet})
	if err == nil || !strings.Contains(err.Error(), "append only file") {
		t.Errorf("%v; want an error with redis-server's own words", err)
	}
}
