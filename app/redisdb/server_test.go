package redisdb_test

import (
	"bufio"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	redistest.UntilWritten(t, client)
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
	redistest.UntilWritten(t, client)
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

func TestACutEndOfTheAppendOnlyFileCostsOnlyTheLastWriteAndIsReported(t *testing.T) {
	t.Run("when the store starts", func(t *testing.T) {
		dir := t.TempDir()
		_, client, stop := start(t, redisdb.RedisServer, dir)
		setInOrder(t, client, "first", "second", "last")
		stop()
		file := cutNewest(t, dir)
		client, out := startLogged(t, dir)
		wantAllButTheLast(t, client, out, file)
	})
	t.Run("when its redis-server crashed", func(t *testing.T) {
		dir := t.TempDir()
		client, out := startLogged(t, dir)
		setInOrder(t, client, "first", "second", "last")
		crashed := serverPID(t, client)
		file := cutNewest(t, dir)
		if err := syscall.Kill(crashed, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		until(t, "another redis-server answers", func() bool {
			pid := serverPID(t, client)
			return pid != 0 && pid != crashed && client.Ping(t.Context()).Err() == nil
		})
		wantAllButTheLast(t, client, out, file)
	})
}

// startLogged starts a redis-server in dir, with a client and its log. The test's end closes both.
func startLogged(t *testing.T, dir string) (redis.UniversalClient, *redistest.Log) {
	t.Helper()
	out := new(redistest.Log)
	store, err := redisdb.Start(t.Context(), redisdb.StoreConfig{
		Kind: redisdb.RedisServer, Dir: dir, Log: slog.New(slog.NewTextHandler(out, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return redistest.Open(t, store.URL), out
}

func setInOrder(t *testing.T, client redis.UniversalClient, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if err := client.Set(t.Context(), key, "of "+key, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func wantAllButTheLast(t *testing.T, client redis.UniversalClient, out *redistest.Log, file string) {
	t.Helper()
	got, err := client.MGet(t.Context(), "first", "second", "last").Result()
	if diff := cmp.Diff([]any{"of first", "of second", nil}, got); diff != "" {
		t.Errorf("%v; after the cut (-want +got):\n%s", err, diff)
	}
	until(t, "a warning names "+file, func() bool {
		return strings.Contains(out.String(), "level=WARN msg=\"the last writes before Redis's crash were incomplete") &&
			strings.Contains(out.String(), "file="+file)
	})
}

// cutNewest cuts the end off the append-only file that was written to last, inside its last write, and returns its name.
func cutNewest(t *testing.T, dir string) string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "appendonlydir", "*.incr.aof"))
	if len(files) == 0 {
		t.Fatal("no append-only file")
	}
	newest := slices.MaxFunc(files, func(a, b string) int { return cmpModified(t, a, b) })
	info, err := os.Stat(newest)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(newest, info.Size()-9); err != nil {
		t.Fatal(err)
	}
	return newest
}

func cmpModified(t *testing.T, a, b string) int {
	t.Helper()
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	return infoA.ModTime().Compare(infoB.ModTime())
}
