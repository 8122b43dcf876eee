package monitor_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

func TestAHeartbeatFromTheFutureCountsAsOneOfNow(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 1, nil, "echo")
		must(t, c.Redis().ZAdd(t.Context(), c.Keys().Workers(), redis.Z{
			Score: float64(time.Now().Add(3 * time.Hour).UnixMilli()), Member: w.ID(),
		}).Err())
		must(t, newMonitor(c).Reclaim(t.Context()))
		score, err := c.Redis().ZScore(t.Context(), c.Keys().Workers(), w.ID()).Result()
		must(t, err)
		now, err := c.Redis().Time(t.Context()).Result()
		must(t, err)
		if beat := time.UnixMilli(int64(score)); beat.After(now) {
			t.Errorf("its last heartbeat was at %v, now is %v", beat, now)
		}
	})
}
