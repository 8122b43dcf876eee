package redisdb_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xuniquepatel/queue-pilot/app/redisdb"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

func TestADamagedSnapshotIsRefused(t *testing.T) {
	dir := t.TempDir()
	_, client, stop := start(t, redisdb.Memory, dir)
	example.write(t, client)
	stop()
	file := filepath.Join(dir, "snapshot.qp")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	flipped := append([]byte(nil), whole...)
	flipped[len(flipped)-3] ^= 1
	for _, tc := range []struct {
		name, want string
		content    []byte
	}{
		{"cut short", "cut short", whole[:30]},
		{"without its end", "damaged", whole[:len(whole)-1]},
		{"with a flipped bit", "damaged", flipped},
		{"empty", "cut short", nil},
	} {
		if err := os.WriteFile(file, tc.content, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := redisdb.Start(t.Context(), redisdb.StoreConfig{Kind: redisdb.Memory, Dir: dir, Log: quiet})
		if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), file) {
			t.Errorf("a snapshot %s: %v; want an error with %q and the file", tc.name, err, tc.want)
		}
	}
}

func TestTheStoreInMemorySavesWhileItRuns(t *testing.T) {
	dir := t.TempDir()
	_, client, _ := start(t, redisdb.Memory, dir)
	example.write(t, client)
	until(t, "a snapshot with the data is written", func() bool {
		content, _ := os.ReadFile(filepath.Join(dir, "snapshot.qp"))
		return strings.Contains(string(content), `{"payload":"ü"}`)
	})
	copied := t.TempDir() // as a crash would leave it
	content, err := os.ReadFile(filepath.Join(dir, "snapshot.qp"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(copied, "snapshot.qp"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	_, client, _ = start(t, redisdb.Memory, copied)
	if diff := cmp.Diff(example, read(t, client)); diff != "" {
		t.Errorf("after the crash (-want +got):\n%s", diff)
	}
}

func TestTheStoreInMemoryAsksForItsPassword(t *testing.T) {
	store, _, _ := start(t, redisdb.Memory, t.TempDir())
	scheme, host, _ := strings.Cut(redisdb.Redact(store.URL), ":xxxxx@")
	stranger := redistest.Open(t, scheme+host)
	if err := stranger.Get(t.Context(), "string").Err(); err == nil || !strings.Contains(err.Error(), "NOAUTH") {
		t.Errorf("a client without the password: %v; want NOAUTH", err)
	}
}

func BenchmarkSnapshotOf100kTasks(b *testing.B) {
	dir := b.TempDir()
	store, err := redisdb.Start(b.Context(), redisdb.StoreConfig{Kind: redisdb.Memory, Dir: dir, Log: quiet})
	if err != nil {
		b.Fatal(err)
	}
	client := redistest.Open(b, store.URL)
	for batch := range 100 {
		fields := make([]any, 0, 2000)
		for i := range 1000 {
			fields = append(fields, fmt.Sprintf("task-%d-%d", batch, i), strings.Repeat("x", 200))
		}
		if err := client.HSet(b.Context(), "tasks", fields...).Err(); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if err := store.Close(); err != nil {
			b.Fatal(err)
		}
		if store, err = redisdb.Start(b.Context(), redisdb.StoreConfig{Kind: redisdb.Memory, Dir: dir, Log: quiet}); err != nil {
			b.Fatal(err)
		}
	}
	_ = store.Close()
}
