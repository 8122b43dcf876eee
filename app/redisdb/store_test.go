package redisdb_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/redisdb"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

const patience = 30 * time.Second

var quiet = slog.New(slog.DiscardHandler)

// holdFolder, set to a folder, makes this test program a process that holds a store there until it is killed.
const holdFolder = "REDISDB_TEST_HOLD_FOLDER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holdFolder); dir != "" {
		hold(dir)
	}
	os.Exit(m.Run())
}

func hold(dir string) {
	store, err := redisdb.Start(context.Background(), redisdb.StoreConfig{Kind: redisdb.RedisServer, Dir: dir})
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	fmt.Println(store.URL)
	select {}
}

// start starts a store in dir, with a client. Both are closed by the returned function, at the latest by the test's end.
func start(t *testing.T, kind, dir string) (*redisdb.Store, redis.UniversalClient, func()) {
	t.Helper()
	store, err := redisdb.Start(t.Context(), redisdb.StoreConfig{Kind: kind, Dir: dir, Log: quiet})
	if err != nil {
		t.Fatalf("start the store (%s): %v", kind, err)
	}
	client := redistest.Open(t, store.URL)
	closed := false
	stop := func() {
		if closed {
			return
		}
		closed = true
		_ = client.Close()
		if err := store.Close(); err != nil {
			t.Errorf("close the store (%s): %v", kind, err)
		}
	}
	t.Cleanup(stop)
	return store, client, stop
}

// until waits until ok is true, and fails the test with what where it does not become so.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(patience); !ok(); <-poll.C {
		if time.Now().After(deadline) {
			t.Fatalf("after %v still not: %s", patience, what)
		}
	}
}

// content is one key of each type, with bytes that are no text.
type content struct {
	String string
	List   []string
	Set    []string
	Hash   map[string]string
	ZSet   []redis.Z
}

var example = content{
	String: "bytes \x00\xff\r\n",
	List:   []string{"c", "a", "b", "a"},
	Set:    []string{"one", "two"},
	Hash:   map[string]string{"T1": `{"payload":"ü"}`, "T2": ""},
	ZSet:   []redis.Z{{Score: -1.5, Member: "low"}, {Score: 1764000000123, Member: "now"}},
}

func (c content) write(t *testing.T, client redis.UniversalClient) {
	t.Helper()
	ctx := t.Context()
	if err := errors.Join(
		client.Set(ctx, "string", c.String, 0).Err(),
		client.RPush(ctx, "list", c.List).Err(),
		client.SAdd(ctx, "set", c.Set).Err(),
		client.HSet(ctx, "hash", c.Hash).Err(),
		client.ZAdd(ctx, "zset", c.ZSet...).Err(),
		client.Set(ctx, "short", "gone soon", 300*time.Millisecond).Err(),
		client.Set(ctx, "long", "stays", time.Hour).Err(),
	); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, client redis.UniversalClient) content {
	t.Helper()
	ctx := t.Context()
	var c content
	var err [5]error
	c.String, err[0] = client.Get(ctx, "string").Result()
	c.List, err[1] = client.LRange(ctx, "list", 0, -1).Result()
	c.Set, err[2] = client.SMembers(ctx, "set").Result()
	slices.Sort(c.Set)
	c.Hash, err[3] = client.HGetAll(ctx, "hash").Result()
	c.ZSet, err[4] = client.ZRangeWithScores(ctx, "zset", 0, -1).Result()
	if err := errors.Join(err[:]...); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAStoreKeepsItsDataAcrossARestart(t *testing.T) {
	for _, kind := range []string{redisdb.RedisServer, redisdb.Memory} {
		t.Run(kind, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			store, client, stop := start(t, kind, dir)
			if store.Kind != kind || store.Promise == "" {
				t.Errorf("kind %q, promise %q; want %q and a sentence", store.Kind, store.Promise, kind)
			}
			example.write(t, client)
			stop()

			_, client, _ = start(t, redisdb.Auto, dir)
			if diff := cmp.Diff(example, read(t, client)); diff != "" {
				t.Errorf("after the restart (-want +got):\n%s", diff)
			}
			until(t, "short expired", func() bool { return client.Exists(t.Context(), "short").Val() == 0 })
			if ttl := client.TTL(t.Context(), "long").Val(); ttl < 50*time.Minute || ttl > time.Hour {
				t.Errorf("the key with an hour to live has %v", ttl)
			}
		})
	}
}

func TestAFolderServesOneStoreAtATime(t *testing.T) {
	dir := t.TempDir()
	_, _, stop := start(t, redisdb.Memory, dir)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := redisdb.Start(ctx, redisdb.StoreConfig{Kind: redisdb.RedisServer, Dir: dir})
	if want := "process " + strconv.Itoa(os.Getpid()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the second store: %v; want an error with %q", err, want)
	}
	stop()
	start(t, redisdb.Memory, dir)
}

func TestTheDataInTheFolderDecides(t *testing.T) {
	for _, kind := range []string{redisdb.RedisServer, redisdb.Memory} {
		dir := t.TempDir()
		_, client, stop := start(t, kind, dir)
		example.write(t, client)
		stop()
		store, _, stop := start(t, redisdb.Auto, dir)
		if store.Kind != kind {
			t.Errorf("auto took %s for a folder of %s", store.Kind, kind)
		}
		stop()
		if kind == redisdb.Memory {
			continue
		}
		t.Setenv("PATH", "")
		_, err := redisdb.Start(t.Context(), redisdb.StoreConfig{Dir: dir})
		if err == nil || !strings.Contains(err.Error(), redisdb.InstallHint) {
			t.Errorf("redis-server's data without a redis-server: %v; want how to install it", err)
		}
		store, _, stop = start(t, redisdb.Auto, t.TempDir())
		if store.Kind != redisdb.Memory {
			t.Errorf("auto took %s without a redis-server on PATH", store.Kind)
		}
		stop()
	}
}

func TestAStoreWarnsOfTasksThatTheOtherOneHolds(t *testing.T) {
	for kind, other := range map[string]string{redisdb.RedisServer: redisdb.Memory, redisdb.Memory: redisdb.RedisServer} {
		dir := t.TempDir()
		_, client, stop := start(t, kind, dir)
		example.write(t, client)
		stop()
		for _, named := range []string{redisdb.Auto, other} {
			log := new(redistest.Log)
			store, err := redisdb.Start(t.Context(), redisdb.StoreConfig{Kind: named, Dir: dir, Log: slog.New(slog.NewTextHandler(log, nil))})
			redistest.Must(t, err)
			redistest.Must(t, store.Close())
			if warned := strings.Contains(log.String(), "--store "+kind); warned != (named == other) {
				t.Errorf("--store %s on the folder of a %s says:\n%s", named, kind, log)
			}
		}
	}
}

func TestAnUnknownKindIsRefused(t *testing.T) {
	_, err := redisdb.Start(t.Context(), redisdb.StoreConfig{Kind: "mongo", Dir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), `"mongo"; wanted: auto, redis-server or memory`) {
		t.Errorf("%v; want an error that names the choices", err)
	}
}
