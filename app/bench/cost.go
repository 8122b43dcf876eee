package bench

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// cost is what some tasks took: time as the caller saw it, and time that Redis's only thread spent in scripts. The
// latter hardly depends on what else the machine does.
type cost struct {
	tasks   int
	elapsed time.Duration
	redis   time.Duration
}

func (c *cost) perSecond() float64 { return float64(c.tasks) / c.elapsed.Seconds() }

// micros is Redis's time a task, in µs.
func (c *cost) micros() float64 { return float64(c.redis.Microseconds()) / float64(c.tasks) }

// add measures f, which moves n tasks.
func (c *cost) add(ctx context.Context, b *bed, n int, f func() error) error {
	before, err := b.scriptTime(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := f(); err != nil {
		return err
	}
	c.elapsed += time.Since(began)
	after, err := b.scriptTime(ctx)
	c.redis, c.tasks = c.redis+after-before, c.tasks+n
	return err
}

// scriptTime is how long Redis has run scripts.
func (b *bed) scriptTime(ctx context.Context) (time.Duration, error) {
	info, err := b.info(ctx, "commandstats")
	if err != nil {
		return 0, err
	}
	var micros float64
	for _, name := range []string{"cmdstat_evalsha", "cmdstat_eval"} {
		_, rest, _ := strings.Cut(info[name], "usec=")
		text, _, _ := strings.Cut(rest, ",")
		micros += number(text)
	}
	return time.Duration(micros) * time.Microsecond, nil
}

// seat is a worker without goroutines: its turns are made by hand.
type seat struct {
	session *workers.Session
	running []*queue.Task
}

func (b *bed) seat(ctx context.Context, slots int) (*seat, error) {
	session, err := workers.Register(ctx, b.client, workers.Config{Slots: slots, Log: quiet}, []string{noop})
	return &seat{session: session}, err
}

// turn records all that runs as completed and asks for want tasks, in one round trip.
func (s *seat) turn(ctx context.Context, want int) error {
	reports := make([]workers.Report, len(s.running))
	for i, t := range s.running {
		reports[i] = workers.Report{TaskID: t.ID, Attempt: t.Attempt, Kind: workers.Complete, Outcome: queue.OutcomeOK}
	}
	verdicts, leases, err := s.session.Turn(ctx, reports, want)
	if err != nil {
		return err
	}
	for i, v := range verdicts {
		if v != workers.Recorded {
			return fmt.Errorf("the outcome of task %s was not recorded (%d)", reports[i].TaskID, v)
		}
	}
	s.running = leases
	return nil
}

// startAndEnd makes two turns: one starts the n tasks that the worker was assigned, one records their outcomes.
func (s *seat) startAndEnd(ctx context.Context, n int) error {
	if err := s.turn(ctx, n); err != nil {
		return err
	}
	if err := s.mustRun(n); err != nil {
		return err
	}
	return s.turn(ctx, 0)
}

// mustRun says that a measurement's tasks did not go the way that it measures.
func (s *seat) mustRun(n int) error {
	if len(s.running) != n {
		return fmt.Errorf("worker %s was given %d tasks; wanted: %d", s.session.ID(), len(s.running), n)
	}
	return nil
}
