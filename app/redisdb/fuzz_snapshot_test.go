package redisdb

import (
	"crypto/sha256"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// fileOf is the file that writeSnapshot makes of a body.
func fileOf(body []byte) []byte {
	sum := sha256.Sum256(body)
	return slices.Concat([]byte(snapshotMagic), sum[:], body)
}

func bodyOf(tb testing.TB, records ...record) []byte {
	tb.Helper()
	body, _, err := encode(records)
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

// Whatever a file holds, even behind a right checksum, it loads or is refused.
func FuzzASnapshotFileIsLoadedOrRefused(f *testing.F) {
	f.Add(bodyOf(f), uint(0), byte(1))
	f.Add(bodyOf(f, record{Key: "s", Type: "string", Values: []string{"v"}}), uint(40), byte(8))
	f.Add(bodyOf(f, record{Key: "z", Type: "zset", Values: []string{"m", "1e3"}}, record{Key: "h", Type: "hash", Values: []string{"a", "b"}}),
		uint(99), byte(255))
	f.Add(bodyOf(f, record{Key: "s", Type: "string"}, record{Key: "l", Type: "list"}), uint(5), byte(3))
	f.Add([]byte("\x0c\xff\x81\x02\x01"), uint(3), byte(0))
	f.Fuzz(func(t *testing.T, body []byte, at uint, flip byte) {
		whole := fileOf(body)
		cut := int(at % uint(len(whole)))
		if records, err := decodeSnapshot(whole[:cut]); err == nil {
			t.Fatalf("%q, cut to %d bytes, is read as %+v", whole, cut, records)
		}
		damaged := slices.Clone(whole)
		damaged[cut] ^= flip | 1
		if records, err := decodeSnapshot(damaged); err == nil {
			t.Fatalf("%q, with byte %d changed, is read as %+v", whole, cut, records)
		}
		if records, err := decodeSnapshot(whole); err == nil {
			checkLoad(t, records)
		}
	})
}

// checkLoad: what was read can be put, or says why not.
func checkLoad(t *testing.T, records []record) {
	t.Helper()
	store := miniredis.NewMiniRedis()
	for _, r := range records {
		if err := r.put(store, time.Unix(1700000000, 0)); err != nil {
			return
		}
	}
	for _, key := range store.Keys() {
		if store.Type(key) == "" {
			t.Fatalf("%+v left the key %q without a type", records, key)
		}
	}
}

func FuzzASnapshotGivesBackItsRecords(f *testing.F) {
	f.Add("tasks", byte(0), "field", "5|q|t|1|5|0|2|{}", int64(0))
	f.Add("zset", byte(3), "member", "-1.5e3", int64(1700000000))
	f.Add("", byte(4), "", "\xff", int64(-1))
	f.Fuzz(func(t *testing.T, key string, kind byte, first, second string, expires int64) {
		kinds := []string{"hash", "list", "set", "zset", "string", "stream"}
		want := record{Key: key, Type: kinds[int(kind)%len(kinds)], Values: []string{first, second}}
		if expires != 0 {
			want.Expires = time.Unix(expires%(1<<40), 0).UTC()
		}
		got, err := decodeSnapshot(fileOf(bodyOf(t, want, want)))
		if want.check() != nil {
			if err == nil {
				t.Fatalf("%+v is read, and cannot be loaded", want)
			}
			return
		}
		if err != nil || !reflect.DeepEqual(got, []record{want, want}) {
			t.Fatalf("got  %+v, %v\nwant %+v", got, err, want)
		}
		checkLoad(t, got)
	})
}
