package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/loop"
	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb"
)

const (
	// startPatience is how long a start waits for a Redis that is silent: long for one that works, short for a person.
	startPatience = time.Second
	// checkEvery is how soon a changed setting is told. The check costs Redis less than a millisecond.
	checkEvery = 30 * time.Second
	// checkPoll bounds the wait between Redis's first answer and its check.
	checkPoll = time.Second
)

// check keeps watch over what the Redis at hand promises, and tells what changed. Its steps never overlap.
type check struct {
	client *queue.Client
	log    *slog.Logger
	every  time.Duration

	promise    atomic.Pointer[string] // read by the pages; nil until Redis has answered
	looked     time.Time              // zero until then
	seen, told verdict
}

// verdict is the outcome of one look.
type verdict struct {
	redisdb.Findings
	refusal error // a *redisdb.Refusal or nil
}

func newCheck(c *queue.Client, log *slog.Logger) *check {
	return &check{client: c, log: log, every: checkEvery}
}

// atStart looks once and returns the refusal, if that is what Redis's settings ask for. A Redis that does not answer in
// time is looked at later.
func (c *check) atStart(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	_ = c.look(ctx) // away, or too slow: run tells
	return c.seen.refusal
}

// run watches until the returned function is called, which waits for the end of the last step.
func (c *check) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = loop.Run(ctx, min(checkPoll, c.every), nil, c.step, loop.Log(c.log, "check of Redis"))
	}()
	return func() {
		cancel()
		<-done
	}
}

// step looks where it is time, and tells what nobody was told yet. A refusal is told and no failure: the process goes on,
// because what its tasks did must be recorded.
func (c *check) step(ctx context.Context) error {
	if c.looked.IsZero() || time.Since(c.looked) >= c.every {
		if err := c.look(ctx); err != nil {
			return err
		}
	}
	c.tell()
	return nil
}

// look inspects Redis and keeps the verdict. Its error says that Redis could not be asked, and leaves the last verdict.
func (c *check) look(ctx context.Context) error {
	findings, err := redisdb.Inspect(ctx, c.client.Redis(), c.client.Keys().Meta())
	var refusal *redisdb.Refusal
	if err != nil && !errors.As(err, &refusal) {
		return err
	}
	c.looked, c.seen = time.Now(), verdict{findings, err}
	c.promise.Store(&findings.Promise)
	return nil
}

// tell logs the difference between what was seen and what was told.
func (c *check) tell() {
	seen, told := c.seen, c.told
	c.told = seen
	if seen.Promise != told.Promise {
		c.log.Info("Redis promises", "promise", seen.Promise, "version", seen.Version, "unread", strings.Join(seen.Unread, ", "))
	}
	for _, warning := range missing(seen.Warnings, told.Warnings) {
		c.log.Warn("Redis may lose tasks", "warning", warning)
	}
	for _, warning := range missing(told.Warnings, seen.Warnings) {
		c.log.Info("a warning about Redis is over", "warning", warning)
	}
	switch {
	case fmt.Sprint(seen.refusal) == fmt.Sprint(told.refusal):
	case seen.refusal != nil:
		c.log.Error("QueuePilot cannot work on this Redis", "error", seen.refusal)
	default:
		c.log.Info("QueuePilot can work on this Redis again")
	}
}

// missing returns what of all is not among known.
func missing(all, known []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(known, s) })
}

// promised is what Redis was found to promise; empty until it has answered.
func (c *check) promised() string {
	if promise := c.promise.Load(); promise != nil {
		return *promise
	}
	return ""
}
