package bench

import "context"

// growthBatch is how many tasks one script takes in the measurements of growth: a full one, as under load.
const growthBatch = 250

// measureBacklog measures submit and turn behind a backlog that grows from one size to the next. One worker is full all
// the time, so that the submitted tasks wait, and each turn takes as many as it records.
func measureBacklog(ctx context.Context, b *bed, s size) ([]gauge, error) {
	worker, err := b.seat(ctx, growthBatch)
	if err != nil {
		return nil, err
	}
	if err := b.fill(ctx, growthBatch); err != nil {
		return nil, err
	}
	if err := worker.turn(ctx, growthBatch); err != nil {
		return nil, err
	}
	var gauges []gauge
	pending := 0
	for _, n := range s.backlogs {
		if err := b.fill(ctx, n-pending); err != nil {
			return nil, err
		}
		pending = n
		submit, turn, err := b.behind(ctx, worker, s.perGrowth)
		if err != nil {
			return nil, err
		}
		gauges = append(gauges, behindGauges(n, s.backlogs[0], &submit, &turn)...)
	}
	return gauges, nil
}

// behind moves n tasks through the backlog, a batch at a time, so that it stays as long as it is.
func (b *bed) behind(ctx context.Context, worker *seat, n int) (submit, turn cost, err error) {
	for range max(n/growthBatch, 1) {
		if err = submit.add(ctx, b, growthBatch, func() error { return submitNoops(ctx, b.client, growthBatch) }); err != nil {
			return submit, turn, err
		}
		if err = turn.add(ctx, b, growthBatch, func() error { return worker.turn(ctx, growthBatch) }); err != nil {
			return submit, turn, err
		}
		if err = worker.mustRun(growthBatch); err != nil {
			return submit, turn, err
		}
	}
	return submit, turn, nil
}

// behindGauges compares the costs with those behind the shortest backlog.
func behindGauges(pending, shortest int, submit, turn *cost) []gauge {
	name := func(n int, what string) string { return thousands(float64(n)) + " pending: " + what }
	const submitCost, turnCost = "submit, Redis's time", "turn, Redis's time"
	return []gauge{
		{name: name(pending, "submit"), unit: "tasks/s", value: submit.perSecond()},
		{name: name(pending, "drain, by turns"), unit: "tasks/s", value: turn.perSecond()},
		{name(pending, submitCost), "µs/task", submit.micros(), name(shortest, submitCost)},
		{name(pending, turnCost), "µs/task", turn.micros(), name(shortest, turnCost)},
	}
}
