package redisdb

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed" // for the script
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

const (
	snapshotName = "snapshot.qp"
	// snapshotMagic names the format and its version; a checksum and a gob of []record follow.
	snapshotMagic = "queuepilot snapshot 1\n"
)

//go:embed snapshot.lua
var snapshotScript string

type checksum = [sha256.Size]byte

// record is one key of a snapshot.
type record struct {
	Key     string
	Type    string    // as TYPE names it
	Expires time.Time // zero for never
	// Values are the string; the elements of a list or set; field and value of a hash in turn; member and score of a
	// sorted set in turn.
	Values []string
}

// readAll reads every key at one moment. A walk key by key would see a task on two lists, or on none.
func readAll(ctx context.Context, client redis.UniversalClient) ([]record, error) {
	reply, err := client.Eval(ctx, snapshotScript, nil).Slice()
	if err != nil {
		return nil, fmt.Errorf("read the store: %w", err)
	}
	now := time.Now()
	records := make([]record, 0, len(reply))
	for _, entry := range reply {
		r, err := parseRecord(entry, now)
		if err != nil {
			return nil, fmt.Errorf("read the store: %w", err)
		}
		records = append(records, r)
	}
	return records, nil
}

func parseRecord(entry any, now time.Time) (record, error) {
	parts, _ := entry.([]any)
	if len(parts) != 4 {
		return record{}, fmt.Errorf("an entry is %T of %d parts; wanted: a list of 4", entry, len(parts))
	}
	key, isKey := parts[0].(string)
	kind, isKind := parts[1].(string)
	ttl, isTTL := parts[2].(int64)
	values, isList := parts[3].([]any)
	if !isKey || !isKind || !isTTL || !isList {
		return record{}, fmt.Errorf("an entry is of %T, %T, %T and %T", parts[0], parts[1], parts[2], parts[3])
	}
	r := record{Key: key, Type: kind, Values: make([]string, len(values))}
	if ttl >= 0 {
		// Whole seconds: else two snapshots of the same store would differ, and each would be written.
		r.Expires = now.Add(time.Duration(ttl) * time.Millisecond).Round(time.Second).UTC()
	}
	for i, v := range values {
		r.Values[i], _ = v.(string)
	}
	return r, nil
}

// put stores r, unless it has expired.
func (r record) put(to *miniredis.Miniredis, now time.Time) error {
	left := r.Expires.Sub(now)
	if !r.Expires.IsZero() && left <= 0 || len(r.Values) == 0 { // Redis has no empty keys
		return nil
	}
	if err := r.putValues(to); err != nil {
		return err
	}
	if !r.Expires.IsZero() {
		to.SetTTL(r.Key, left)
	}
	return nil
}

func (r record) putValues(to *miniredis.Miniredis) error {
	var err error
	switch r.Type {
	case "string":
		err = to.Set(r.Key, r.Values[0])
	case "list":
		_, err = to.RPush(r.Key, r.Values...)
	case "set":
		_, err = to.SAdd(r.Key, r.Values...)
	case "hash":
		to.HSet(r.Key, r.Values...)
	case "zset":
		err = r.putScores(to)
	default:
		err = fmt.Errorf("unknown type %q", r.Type)
	}
	return err
}

func (r record) putScores(to *miniredis.Miniredis) error {
	for i := 0; i+1 < len(r.Values); i += 2 {
		score, err := strconv.ParseFloat(r.Values[i+1], 64)
		if err != nil {
			return fmt.Errorf("score of %q: %w", r.Values[i], err)
		}
		if _, err := to.ZAdd(r.Key, score, r.Values[i]); err != nil {
			return err
		}
	}
	return nil
}

func encode(records []record) ([]byte, checksum, error) {
	var body bytes.Buffer
	if err := gob.NewEncoder(&body).Encode(records); err != nil {
		return nil, checksum{}, fmt.Errorf("encode the snapshot: %w", err)
	}
	return body.Bytes(), sha256.Sum256(body.Bytes()), nil
}

// writeSnapshot replaces the file in one step, so that a crash at any moment leaves the old one or the new one whole.
func writeSnapshot(path string, body []byte, sum checksum) error {
	file, err := os.CreateTemp(filepath.Dir(path), snapshotName+".*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) //nolint:errcheck // gone already, unless something below failed
	_, err = file.Write(append(append([]byte(snapshotMagic), sum[:]...), body...))
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a rename survive a power loss.
func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// readSnapshot returns what writeSnapshot wrote, or an error that says what is wrong with the file.
func readSnapshot(path string) ([]record, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the snapshot: %w", err)
	}
	return decodeSnapshot(content)
}

func decodeSnapshot(content []byte) ([]record, error) {
	rest, ours := bytes.CutPrefix(content, []byte(snapshotMagic))
	if !ours || len(rest) < sha256.Size {
		return nil, errors.New("the snapshot is cut short or not one of this version")
	}
	body := rest[sha256.Size:]
	if sha256.Sum256(body) != checksum(rest[:sha256.Size]) {
		return nil, errors.New("the snapshot is damaged: its checksum differs")
	}
	var records []record
	if err := gob.NewDecoder(bytes.NewReader(body)).Decode(&records); err != nil {
		return nil, fmt.Errorf("the snapshot cannot be read: %w", err)
	}
	for _, r := range records {
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("the snapshot cannot be read: %w", err)
		}
	}
	return records, nil
}

// check finds a number of values that the type cannot have.
func (r record) check() error {
	n := len(r.Values)
	if r.Type == "string" && n != 1 || (r.Type == "hash" || r.Type == "zset") && n%2 != 0 {
		return fmt.Errorf("the %s %q has %d values", r.Type, r.Key, n)
	}
	return nil
}
