package bench

import (
	"context"
	"slices"
)

// workerSlots is the size of the one worker that drains.
const workerSlots = 64

func measureSubmit(ctx context.Context, b *bed, s size) ([]gauge, error) {
	var gauges []gauge
	for _, m := range []struct {
		name                string
		n, producers, batch int
		beside              string
	}{
		{"1 producer", s.few(), 1, 1, floorScript},
		{"16 producers", s.half(), 16, 1, floorScripts},
		{"64 producers", s.half(), 64, 1, floorScripts},
		{"1 producer, batches of 1,000", s.tasks, 1, 1000, floorScriptPipe},
	} {
		if err := b.clean(ctx); err != nil {
			return nil, err
		}
		rate, err := perSecond(m.n, func() error { return b.ours.Submit(ctx, m.n, m.producers, m.batch) })
		if err != nil {
			return nil, err
		}
		gauges = append(gauges, gauge{m.name, "tasks/s", rate, m.beside})
	}
	return gauges, nil
}

func measureDrain(ctx context.Context, b *bed, s size) ([]gauge, error) {
	if err := b.fill(ctx, s.tasks); err != nil {
		return nil, err
	}
	took, err := b.ours.Drain(ctx, s.tasks, workerSlots)
	return []gauge{{"1 worker, 64 slots", "tasks/s", float64(s.tasks) / took.Seconds(), floorScriptPipe}}, err
}

func measureBoth(ctx context.Context, b *bed, s size) ([]gauge, error) {
	took, err := b.ours.Both(ctx, s.half(), 16, workerSlots)
	return []gauge{{"16 producers, 1 worker, 64 slots", "tasks/s", float64(s.half()) / took.Seconds(), floorScripts}}, err
}

func measurePickUp(ctx context.Context, b *bed, s size) ([]gauge, error) {
	took, err := b.ours.PickUp(ctx, s.samples)
	if err != nil {
		return nil, err
	}
	slices.Sort(took)
	return []gauge{
		{"p50", "ms", milliseconds(percentile(took, 50)), floorTrip},
		{"p95", "ms", milliseconds(percentile(took, 95)), floorTrip},
		{"p99", "ms", milliseconds(percentile(took, 99)), floorTrip},
	}, nil
}

func measureMemory(ctx context.Context, b *bed, s size) ([]gauge, error) {
	bytes, err := b.ours.Bytes(ctx, s.tasks)
	return []gauge{{name: "a pending task in Redis", unit: "bytes/task", value: bytes}}, err
}

// fill submits n tasks and waits until Redis has nothing to do with them any more.
func (b *bed) fill(ctx context.Context, n int) error {
	if err := b.ours.Submit(ctx, n, 1, fillBatch); err != nil {
		return err
	}
	return b.calm(ctx)
}
