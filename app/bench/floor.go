package bench

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// The names of the floor's figures, which others stand beside.
const (
	floorTrip       = "round trip (PING), p50"
	floorScript     = "one-task script, 1 connection"
	floorScripts    = "one-task script, 16 connections"
	floorScriptPipe = "one-task script, 16 connections, pipelined"
	floorList       = "LPUSH and RPOP, 1 connection"
	floorListPipe   = "LPUSH and RPOP, 16 connections, pipelined"
)

const (
	floorConnections = 16
	floorPipeline    = 64 // commands, or pairs of them, in one round trip
)

// oneTaskScript is the least that a task queue with look-up by id can write for a task.
var oneTaskScript = redis.NewScript(`redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return redis.call('RPUSH', KEYS[2], ARGV[1])`)

const (
	floorTasks = floorPrefix + "{floor}:tasks"
	floorQueue = floorPrefix + "{floor}:queue"
)

// floor measures bare Redis through the same client library, with the same payload.
type floor struct {
	rdb     redis.UniversalClient
	payload []byte
	ids     atomic.Int64
}

// id is as long as a task's.
func (f *floor) id() string { return fmt.Sprintf("%036d", f.ids.Add(1)) }

func measureFloor(ctx context.Context, b *bed, s size) ([]gauge, error) {
	f := &floor{rdb: b.client.Redis(), payload: Payload()}
	if err := oneTaskScript.Load(ctx, f.rdb).Err(); err != nil {
		return nil, fmt.Errorf("load the script: %w", err)
	}
	trip, err := f.roundTrip(ctx, s.samples)
	if err != nil {
		return nil, err
	}
	gauges := []gauge{{name: floorTrip, unit: "ms", value: milliseconds(trip)}}
	for _, m := range []struct {
		name, unit            string
		n, connections, chunk int
		queue                 func(context.Context, redis.Pipeliner)
	}{
		{floorScript, "tasks/s", s.few(), 1, 1, f.script},
		{floorScripts, "tasks/s", s.half(), floorConnections, 1, f.script},
		{floorScriptPipe, "tasks/s", s.tasks, floorConnections, floorPipeline, f.script},
		{floorList, "pairs/s", s.few(), 1, 1, f.list},
		{floorListPipe, "pairs/s", s.tasks, floorConnections, floorPipeline, f.list},
	} {
		rate, err := perSecond(m.n, func() error { return f.send(ctx, m.n, m.connections, m.chunk, m.queue) })
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		gauges = append(gauges, gauge{name: m.name, unit: m.unit, value: rate})
	}
	return gauges, nil
}

func (f *floor) roundTrip(ctx context.Context, samples int) (time.Duration, error) {
	took := make([]time.Duration, samples)
	for i := range took {
		began := time.Now()
		if err := f.rdb.Ping(ctx).Err(); err != nil {
			return 0, err
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return percentile(took, 50), nil
}

// send does n by that many connections, chunk in a round trip each.
func (f *floor) send(ctx context.Context, n, connections, chunk int, queue func(context.Context, redis.Pipeliner)) error {
	var sent atomic.Int64
	return atOnce(connections, func() error {
		for {
			from := int(sent.Add(int64(chunk))) - chunk
			if from >= n {
				return nil
			}
			_, err := f.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
				for range min(chunk, n-from) {
					queue(ctx, p)
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
	})
}

func (f *floor) script(ctx context.Context, p redis.Pipeliner) {
	oneTaskScript.EvalSha(ctx, p, []string{floorTasks, floorQueue}, f.id(), f.payload)
}

func (f *floor) list(ctx context.Context, p redis.Pipeliner) {
	p.LPush(ctx, floorQueue, f.payload)
	p.RPop(ctx, floorQueue)
}
