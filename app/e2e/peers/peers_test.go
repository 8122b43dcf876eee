package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/bench"
	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb"
	"github.com/xuniquepatel/queue-pilot/monitor"
)

// here are the lines of all peers that can run on this machine, on a Redis of their own.
func here(t *testing.T) (lines []line, rdb redis.UniversalClient) {
	t.Helper()
	store, err := redisdb.Start(t.Context(), redisdb.StoreConfig{
		Kind: redisdb.RedisServer, Dir: filepath.Join(t.TempDir(), "redis"), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, store.Close)
	if rdb, err = redisdb.Open(t.Context(), store.URL); err != nil {
		t.Fatal(err)
	}
	cleanup(t, rdb.Close)
	r := report{comparison: &comparison{}}
	closeAll, err := r.open(t.Context(), openers, store.URL)
	cleanup(t, closeAll)
	if err != nil {
		t.Fatal(err)
	}
	for _, why := range r.notRun {
		t.Log(why)
	}
	for _, always := range []string{oursName, asynqName, "floor"} {
		if r.find(always) == "" {
			t.Errorf("%s does not run here; want it to run wherever a redis-server does", always)
		}
	}
	return r.lines, rdb
}

func cleanup(t *testing.T, f func() error) {
	t.Cleanup(func() {
		if err := f(); err != nil {
			t.Error(err)
		}
	})
}

// recorded is how many tasks a peer has recorded as completed, and how many it holds in any other state.
func recorded(ctx context.Context, p peer, rdb redis.UniversalClient) (completed, others int64, err error) {
	switch p := p.(type) {
	case *bench.Ours:
		s, err := monitor.ReadSnapshot(ctx, queue.New(rdb))
		return s.Totals.Completed, s.Totals.Pending + s.Totals.Assigned + s.Totals.Running + s.Totals.Failed, err
	case *asynqPeer:
		return inRedis(ctx, rdb, "asynq:{default}:completed",
			"asynq:{default}:pending", "asynq:{default}:active", "asynq:{default}:retry", "asynq:{default}:archived")
	case *bullmqPeer:
		return inRedis(ctx, rdb, "bull:peers:completed", "bull:peers:wait", "bull:peers:active", "bull:peers:failed")
	case *riverPeer:
		const query = "SELECT count(*) FILTER (WHERE state = 'completed'), count(*) FILTER (WHERE state <> 'completed') FROM river_job"
		err = p.pool.QueryRow(ctx, query).Scan(&completed, &others)
		return completed, others, err
	}
	return 0, 0, errors.New("unknown peer")
}

// inRedis counts what stands in a sorted set, and in lists or sorted sets.
func inRedis(ctx context.Context, rdb redis.UniversalClient, completed string, others ...string) (done, left int64, err error) {
	count := func(key string) (int64, error) {
		kind, err := rdb.Type(ctx, key).Result()
		switch {
		case err != nil:
			return 0, err
		case kind == "list":
			return rdb.LLen(ctx, key).Result()
		default:
			return rdb.ZCard(ctx, key).Result()
		}
	}
	if done, err = count(completed); err != nil {
		return 0, 0, err
	}
	for _, key := range others {
		n, err := count(key)
		if err != nil {
			return 0, 0, err
		}
		left += n
	}
	return done, left, nil
}

func TestEveryPeerRunsExactlyTheTasksThatWereSubmitted(t *testing.T) {
	lines, rdb := here(t)
	const n, slots = 130, 8
	for _, l := range lines {
		t.Run(l.Name(), func(t *testing.T) {
			ctx := t.Context()
			if err := errors.Join(l.Reset(ctx), fill(ctx, l, n)); err != nil {
				t.Fatal(err)
			}
			if took, err := l.Drain(ctx, n, slots); err != nil || took <= 0 {
				t.Fatalf("Drain took %v, %v", took, err)
			}
			if _, ok := l.peer.(*floorPeer); ok {
				return
			}
			if done, left, err := recorded(ctx, l.peer, rdb); done != n || left != 0 || err != nil {
				t.Errorf("Drain left %d completed, %d others, %v; want %d, 0", done, left, err, n)
			}
			if took, err := l.Both(ctx, n, 4, slots); err != nil || took <= 0 {
				t.Fatalf("Both took %v, %v", took, err)
			}
			if done, left, err := recorded(ctx, l.peer, rdb); done != 2*n || left != 0 || err != nil {
				t.Errorf("Both left %d completed, %d others, %v; want %d, 0", done, left, err, 2*n)
			}
			if err := l.Reset(ctx); err != nil {
				t.Fatal(err)
			}
			if done, left, err := recorded(ctx, l.peer, rdb); done != 0 || left != 0 || err != nil {
				t.Errorf("Reset left %d completed, %d others, %v; want none", done, left, err)
			}
		})
	}
}

func TestTheFloorGivesOutEachTaskOnce(t *testing.T) {
	lines, rdb := here(t)
	floor := lines[slices.IndexFunc(lines, func(l line) bool { return strings.HasPrefix(l.Name(), "floor") })]
	const n = 1000
	if err := floor.Submit(t.Context(), n, 4, 100); err != nil {
		t.Fatal(err)
	}
	ids, _ := rdb.LLen(t.Context(), floorIDs).Result()
	tasks, err := rdb.HLen(t.Context(), floorTasks).Result()
	if ids != n || tasks != n || err != nil {
		t.Errorf("Submit left %d ids and %d tasks, %v; want %d of both", ids, tasks, err, n)
	}
	if _, err := floor.Drain(t.Context(), n, 0); err != nil {
		t.Fatal(err)
	}
	if left, err := rdb.Exists(t.Context(), floorIDs, floorTasks).Result(); left != 0 || err != nil {
		t.Errorf("Drain left %d keys, %v; want none", left, err)
	}
}

func TestEveryPeerGivesAFigureForEachMeasurementOrSaysNone(t *testing.T) {
	lines, rdb := here(t)
	for i := range lines {
		lines[i].samples = min(lines[i].samples, 2)
	}
	c := &comparison{
		rdb: rdb, lines: lines, measurements: measurements(), sizes: sizes{tasks: 200, slots: 8}, results: results{},
		progress: func(text string) { t.Log(text) },
	}
	if err := c.round(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	without := map[string]bool{"asynq batch": true, "floor both": true}
	for _, l := range lines {
		for _, m := range c.measurements {
			for _, col := range m.columns {
				got, ok := c.results.median(l.Name(), col)
				peerName, _, _ := strings.Cut(l.Name(), " ")
				if want := l.has(m) && !without[peerName+" "+m.name]; ok != want || ok && got <= 0 {
					t.Errorf("%s of %s: %v, %v; want a figure: %v", col.key, l.Name(), got, ok, want)
				}
			}
		}
	}
}

func TestWhatIsNotHereIsSaidAndTheOthersRun(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := openBullMQ(t.Context(), "unix:///nowhere")
	var why notHere
	if !errors.As(err, &why) {
		t.Errorf("BullMQ without node: %v; want it to be said", err)
	}
	r := report{comparison: &comparison{}}
	closeAll, err := r.open(t.Context(), []opener{{"bullmq", bullmqName, openBullMQ}, {"queuepilot", oursName, openOurs}}, "unix:///nowhere")
	cleanup(t, closeAll)
	if err != nil || len(r.lines) != 1 || len(r.notRun) != 1 || r.notRun[0] != "BullMQ: not run: "+string(why) {
		t.Errorf("%d lines, not run %q, %v; want QueuePilot alone", len(r.lines), r.notRun, err)
	}
}
