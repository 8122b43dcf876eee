package queue_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/queue/queuetest"
)

var (
	each, open, get, submit = queuetest.Each, queuetest.Open, queuetest.Get, queuetest.Submit
	cell                    = queuetest.Cell
)

// seat puts a worker into the inventory as workers/register.lua does, which this package may not import.
func seat(t *testing.T, c *queue.Client, id string, slots int, types string) {
	t.Helper()
	prefix, profile := c.Keys().Prefix(), "of-"+types
	_, err := c.Redis().Pipelined(t.Context(), func(p redis.Pipeliner) error {
		p.HSet(t.Context(), c.Keys().WorkerStatus(id), "id", id, "state", "ready", "slots", slots, "profile", profile,
			"prefetch", 0, "assigned", 0, "running", 0)
		p.ZAdd(t.Context(), c.Keys().Workers(), redis.Z{Score: float64(time.Now().UnixMilli()), Member: id})
		p.HSet(t.Context(), prefix+"profiles", profile, "*=1;"+types)
		p.HIncrBy(t.Context(), prefix+"profile_count", profile, 1)
		p.ZAdd(t.Context(), prefix+"ready:"+profile, redis.Z{Score: 0, Member: id})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func expectCell(t *testing.T, c *queue.Client, want ...string) {
	t.Helper()
	queuetest.ExpectCell(t, cell(t, c), want...)
}

func prio(n int) *int { return queue.NewPriority(n) }
