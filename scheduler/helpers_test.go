package scheduler_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/queue/queuetest"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
	"github.com/xuniquepatel/queue-pilot/scheduler"
	"github.com/xuniquepatel/queue-pilot/workers/workerstest"
)

var (
	each, get, submit, some = queuetest.Each, queuetest.Get, queuetest.Submit, queuetest.Some
	list, expectIDs         = queuetest.List, queuetest.ExpectIDs
	expectCounts            = queuetest.ExpectCounts
	register, turn, held    = workerstest.Register, workerstest.Turn, workerstest.Held
	must, eventually        = redistest.Must, redistest.Eventually
)

var quiet = slog.New(slog.DiscardHandler)

func newScheduler(c *queue.Client) *scheduler.Scheduler {
	return scheduler.New(c, scheduler.Config{Log: quiet})
}

// The places of times in a state record.
const (
	assignedField = 5
	finishedField = 7
)

// backdate moves a time of a state record into the past.
func backdate(t *testing.T, c *queue.Client, id string, field int, by time.Duration) time.Time {
	t.Helper()
	record, err := c.Redis().HGet(t.Context(), c.Keys().States(), id).Result()
	must(t, err)
	parts := strings.SplitN(record, "|", 11)
	var at int64
	_, err = fmt.Sscan(parts[field], &at)
	must(t, err)
	at -= by.Milliseconds()
	parts[field] = fmt.Sprint(at)
	must(t, c.Redis().HSet(t.Context(), c.Keys().States(), id, strings.Join(parts, "|")).Err())
	return time.UnixMilli(at)
}
