package bench

import (
	"context"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/scheduler"
)

const (
	// crewSlots is the size of each worker where all are busy, and what each turn takes.
	crewSlots = 16
	// relativeTo is the number of workers that the others are compared with: with one there is nothing to choose from.
	relativeTo = 10
)

// measureWorkers measures what a task costs Redis among more and more registered workers. The same moves are made each
// time, so that only what a script must look through grows.
func measureWorkers(ctx context.Context, b *bed, s size) ([]gauge, error) {
	var gauges []gauge
	for _, m := range []struct {
		name string
		run  func(ctx context.Context, b *bed, workers, n int) (cost, error)
	}{
		{"a task alone (submit, start, end)", oneByOne},
		{"turns of 16, all busy", allBusy},
		{"submit and assign 250, all idle", allIdle},
	} {
		for _, n := range s.workers {
			if err := b.clean(ctx); err != nil {
				return nil, err
			}
			c, err := m.run(ctx, b, n, s.perGrowth)
			if err != nil {
				return nil, fmt.Errorf("%s, %d workers: %w", m.name, n, err)
			}
			g := gauge{name: amongWorkers(n) + m.name, unit: "µs/task", value: c.micros()}
			if slices.Contains(s.workers, relativeTo) {
				g.beside = amongWorkers(relativeTo) + m.name
			}
			gauges = append(gauges, g)
		}
	}
	return gauges, nil
}

func amongWorkers(n int) string {
	if n == 1 {
		return "1 worker: "
	}
	return thousands(float64(n)) + " workers: "
}

// crew registers n workers.
func (b *bed) crew(ctx context.Context, n, slots int) ([]*seat, error) {
	crew := make([]*seat, n)
	for i := range crew {
		var err error
		if crew[i], err = b.seat(ctx, slots); err != nil {
			return nil, err
		}
	}
	return crew, nil
}

// oneByOne submits a task, has its worker start it, and record its outcome: three scripts.
func oneByOne(ctx context.Context, b *bed, workers, n int) (cost, error) {
	var c cost
	crew, err := b.crew(ctx, workers, crewSlots)
	if err != nil {
		return c, err
	}
	seats := make(map[string]*seat, len(crew))
	for _, s := range crew {
		seats[s.session.ID()] = s
	}
	for range max(n/50, 20) {
		var id string
		if err := c.add(ctx, b, 1, func() (err error) { id, err = submitOne(ctx, b.client); return err }); err != nil {
			return c, err
		}
		t, err := b.client.Get(ctx, id)
		if err != nil {
			return c, err
		}
		s := seats[t.WorkerID]
		if s == nil {
			return c, fmt.Errorf("task %s was assigned to nobody, although all are idle", id)
		}
		if err := c.add(ctx, b, 0, func() error { return s.startAndEnd(ctx, 1) }); err != nil {
			return c, err
		}
	}
	return c, nil
}

// allBusy has one worker after the other record 16 outcomes and start 16 tasks of a backlog.
func allBusy(ctx context.Context, b *bed, workers, n int) (cost, error) {
	var c cost
	turns := max(n/crewSlots, 1)
	if err := b.fill(ctx, (workers+turns)*crewSlots); err != nil {
		return c, err
	}
	crew := make([]*seat, workers)
	for i := range crew { // each is full before the next one comes: nobody takes from the other
		var err error
		if crew[i], err = b.seat(ctx, crewSlots); err != nil {
			return c, err
		}
		if err := crew[i].turn(ctx, crewSlots); err != nil {
			return c, err
		}
	}
	for i := range turns {
		s := crew[i%len(crew)]
		if err := s.mustRun(crewSlots); err != nil {
			return c, err
		}
		if err := c.add(ctx, b, crewSlots, func() error { return s.turn(ctx, crewSlots) }); err != nil {
			return c, err
		}
	}
	return c, nil
}

// allIdle submits 250 tasks at once and has them assigned; then, unmeasured, their workers run them.
func allIdle(ctx context.Context, b *bed, workers, n int) (cost, error) {
	var c cost
	crew, err := b.crew(ctx, workers, growthBatch)
	if err != nil {
		return c, err
	}
	assigner := scheduler.New(b.client, scheduler.Config{Log: quiet})
	for range max(n/1000, 2) {
		if err := c.add(ctx, b, growthBatch, func() error { return submitNoops(ctx, b.client, growthBatch) }); err != nil {
			return c, err
		}
		err := until(ctx, func() (bool, error) {
			pending, err := counter(ctx, b.client, "p")
			if err != nil || pending == 0 {
				return true, err
			}
			return false, c.add(ctx, b, 0, func() error { return assigner.Schedule(ctx) }) // what the submit left over
		})
		if err != nil {
			return c, err
		}
		if err := b.runAll(ctx, crew); err != nil {
			return c, err
		}
	}
	return c, nil
}

// runAll has each worker run what it was assigned.
func (b *bed) runAll(ctx context.Context, crew []*seat) error {
	lengths := make([]*redis.IntCmd, len(crew))
	_, err := b.client.Redis().Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, s := range crew {
			lengths[i] = p.LLen(ctx, b.client.Keys().Processing(s.session.ID()))
		}
		return nil
	})
	for i, s := range crew {
		if held := int(lengths[i].Val()); err == nil && held > 0 {
			err = s.startAndEnd(ctx, held)
		}
	}
	return err
}
