package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// manyProducers is how many goroutines submit at once where not one does.
const manyProducers = 16

// opener is how a peer is had.
type opener struct {
	name, title string // name is for -peers
	open        func(ctx context.Context, redisURL string) (opened, error)
}

var openers = []opener{
	{"queuepilot", oursName, openOurs},
	{"asynq", asynqName, openAsynq},
	{"bullmq", bullmqName, openBullMQ},
	{"river", riverName, openRiver},
	{"floor", "floor", openFloor},
}

// opened is a peer that can run here; close is called when its last measurement is done.
type opened struct {
	lines    []line
	settings []string // what a reader must know of them
	close    func() error
}

// line is one line of the table: a peer, and what is particular about it.
type line struct {
	peer
	slots   int      // where it is not the number that all have
	samples int      // of the pick-up, in each round
	most    int      // tasks that it drains at the most, where all would take it long and say no more; 0 is all
	only    []string // the measurements that it is there for; nil for all
}

// has tells whether the line is there for a measurement.
func (l line) has(m measurement) bool { return l.only == nil || slices.Contains(l.only, m.name) }

// sizes are those of all measurements.
type sizes struct {
	tasks int // of the backlog
	slots int
}

// toRun is how many of the tasks the line drains, and by how many slots.
func (s sizes) toRun(l line, tasks int) (n, slots int) {
	if l.most > 0 {
		tasks = min(tasks, l.most)
	}
	return tasks, cmp.Or(l.slots, s.slots)
}

// particulars says in one sentence where the lines differ in how much they are asked to do.
func (c *comparison) particulars() string {
	var pickUps, drains string
	for _, l := range c.lines {
		if l.samples > 0 {
			pickUps += fmt.Sprintf(", %d of %s", l.samples, l.Name())
		}
		if l.most > 0 {
			drains += fmt.Sprintf("; %s drains %s tasks at the most", l.Name(), grouped(float64(l.most)))
		}
	}
	return "Pick-ups a round: " + strings.TrimPrefix(pickUps, ", ") + drains
}

// measurement gives one figure for each of its columns of the table.
type measurement struct {
	name    string // for -only
	columns []column
	run     func(ctx context.Context, l line, s sizes) ([]float64, error)
}

// column is one of the table; less is better in all but rates.
type column struct {
	key, title string
	unit       unit
}

type unit string

const (
	perSecond unit = "tasks/s"
	millis    unit = "ms"
	perTask   unit = "bytes/task"
)

func measurements() []measurement {
	return []measurement{
		{"submit1", []column{{"submit1", "submit, 1 by 1", perSecond}}, submitting(4, 1, 1)},
		{"submit16", []column{{"submit16", "16 producers", perSecond}}, submitting(2, manyProducers, 1)},
		{"batch", []column{{"batch", "batches of 1,000", perSecond}}, submitting(1, 1, 1000)},
		{"drain", []column{{"drain", "drain", perSecond}}, draining},
		{"both", []column{{"both", "submit + drain", perSecond}}, both},
		{"pickup", []column{{"pickup_p50", "pick-up p50", millis}, {"pickup_p99", "p99", millis}}, pickingUp},
		{"bytes", []column{{"bytes", "a task", perTask}}, bytesOfATask},
	}
}

// submitting submits 1/part of the tasks: a rate that does not change with their number needs no more.
func submitting(part, producers, batch int) func(context.Context, line, sizes) ([]float64, error) {
	return func(ctx context.Context, l line, s sizes) ([]float64, error) {
		n := max(s.tasks/part, 1)
		began := time.Now()
		err := l.Submit(ctx, n, producers, batch)
		return rate(n, time.Since(began)), err
	}
}

func draining(ctx context.Context, l line, s sizes) ([]float64, error) {
	n, slots := s.toRun(l, s.tasks)
	if err := fill(ctx, l, n); err != nil {
		return nil, err
	}
	runtime.GC() // what filling it left behind
	took, err := l.Drain(ctx, n, slots)
	return rate(n, took), err
}

// fill submits a backlog in the fastest way that the peer has.
func fill(ctx context.Context, p peer, n int) error {
	err := p.Submit(ctx, n, 1, fillBatch)
	if errors.Is(err, errNone) {
		err = p.Submit(ctx, n, manyProducers, 1)
	}
	return err
}

func both(ctx context.Context, l line, s sizes) ([]float64, error) {
	n, slots := s.toRun(l, max(s.tasks/4, 1))
	took, err := l.Both(ctx, n, manyProducers, slots)
	return rate(n, took), err
}

func pickingUp(ctx context.Context, l line, _ sizes) ([]float64, error) {
	took, err := l.PickUp(ctx, l.samples)
	if err != nil {
		return nil, err
	}
	return []float64{quantile(took, 0.50), quantile(took, 0.99)}, nil
}

func bytesOfATask(ctx context.Context, l line, s sizes) ([]float64, error) {
	bytes, err := l.Bytes(ctx, s.tasks)
	return []float64{bytes}, err
}

func rate(n int, took time.Duration) []float64 { return []float64{float64(n) / took.Seconds()} }

// quantile is the nearest rank, in milliseconds.
func quantile(took []time.Duration, q float64) float64 {
	sorted := slices.Sorted(slices.Values(took))
	rank := max(int(q*float64(len(sorted))+0.999999), 1)
	return float64(sorted[rank-1]) / float64(time.Millisecond)
}

// comparison runs the measurements on the lines, in turns.
type comparison struct {
	rdb          redis.UniversalClient
	lines        []line
	measurements []measurement
	sizes        sizes
	results      results
	progress     func(text string)
}

// round runs every measurement once on every line. The order of the lines is another one in each round, so that none is
// always the first or always behind the same one.
func (c *comparison) round(ctx context.Context, number int) error {
	for _, m := range c.measurements {
		for i := range c.lines {
			l := c.lines[(i+number)%len(c.lines)]
			if !l.has(m) {
				continue
			}
			figures, err := c.turn(ctx, m, l)
			if err != nil && !errors.Is(err, errNone) {
				return fmt.Errorf("%s on %s: %w", m.name, l.Name(), err)
			}
			c.results.add(l.Name(), m, figures, err == nil)
			c.progress(fmt.Sprintf("%-8s %s %s", m.name, l.Name(), c.results.last(l.Name(), m)))
		}
	}
	return nil
}

// turn runs one measurement on one line, and leaves nothing behind that would slow the next.
func (c *comparison) turn(ctx context.Context, m measurement, l line) ([]float64, error) {
	if err := l.Reset(ctx); err != nil {
		return nil, err
	}
	runtime.GC()
	figures, err := m.run(ctx, l, c.sizes)
	return figures, errors.Join(err, l.Reset(ctx), c.shortenFile(ctx))
}

// longFile is from what size on, in bytes, Redis's append-only file is rewritten between two turns: a quarter of where
// Redis does it by itself.
const longFile = 16 << 20

// shortenFile rewrites the append-only file, which now stands for no data, and waits for it: else Redis would do it some
// time, at the cost of whatever is measured then.
func (c *comparison) shortenFile(ctx context.Context) error {
	info, err := c.persistence(ctx)
	if err != nil {
		return err
	}
	if size, _ := strconv.ParseInt(info["aof_current_size"], 10, 64); size > longFile {
		if err := c.rdb.BgRewriteAOF(ctx).Err(); err != nil && info["aof_rewrite_in_progress"] != "1" {
			return fmt.Errorf("shorten the append-only file: %w", err)
		}
	}
	return until(ctx, func() (bool, error) {
		info, err := c.persistence(ctx)
		return info["aof_rewrite_in_progress"] == "0" && info["aof_rewrite_scheduled"] == "0", err
	})
}

func (c *comparison) persistence(ctx context.Context) (map[string]string, error) {
	info, err := c.rdb.InfoMap(ctx, "persistence").Result()
	if err != nil {
		return nil, fmt.Errorf("ask Redis for its append-only file: %w", err)
	}
	return info["Persistence"], nil
}
