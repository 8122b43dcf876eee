package scheduler_test

import (
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

func TestWhatWaitsWhenTheClockIsSetBackWaitsFromThen(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 300, nil, "echo")
		submit(t, c, some(300, "retry", queue.Task{})...)
		_, leases := turn(t, w, 300)
		for _, l := range leases {
			_, _, err := w.Turn(t.Context(), []workers.Report{{
				TaskID: l.ID, Attempt: 1, Kind: workers.Retry, Delay: time.Minute, Outcome: queue.OutcomeError, Error: "e\n|e",
			}}, 0)
			must(t, err)
		}
		submit(t, c, some(300, "delayed", queue.Task{Delay: 2 * time.Minute})...)
		named := time.Now().Add(3 * time.Minute).UTC().Truncate(time.Millisecond)
		submit(t, c, queue.Task{ID: "named", RunAt: named})
		s := newScheduler(c)
		must(t, s.Schedule(t.Context()))
		ahead(t, c, time.Hour)
		submit(t, c, queue.Task{ID: "later", Delay: 4 * time.Minute})
		for range 10 {
			must(t, s.Schedule(t.Context()))
		}
		now, err := c.Redis().Time(t.Context()).Result()
		must(t, err)
		for id, want := range map[string]time.Time{
			"retry0": now.Add(time.Minute), "retry299": now.Add(time.Minute), "delayed0": now.Add(2 * time.Minute),
			"delayed299": now.Add(2 * time.Minute), "named": named.Add(time.Hour), "later": now.Add(4 * time.Minute),
		} {
			got := get(t, c, id)
			score := c.Redis().ZScore(t.Context(), c.Keys().Index(got.State), id).Val()
			if late := got.RunAt.Sub(want); late > time.Second || late < -20*time.Second || score != float64(got.RunAt.UnixMilli()) {
				t.Errorf("%s is due at %v (in the set: %.0f); want about %v", id, got.RunAt, score, want)
			}
		}
	})
}

var momentInRecord = regexp.MustCompile(`\b\d{13}\b`)

// ahead moves every time that the cell knows into the future: as if the clock had been set back now.
func ahead(t *testing.T, c *queue.Client, by time.Duration) {
	t.Helper()
	later := func(text string) string {
		n, _ := strconv.ParseInt(text, 10, 64) // the expression matches digits only
		return strconv.FormatInt(n+by.Milliseconds(), 10)
	}
	for _, key := range []string{"tasks", "state", "attempts", "meta"} {
		key = c.Keys().Prefix() + key
		for field, value := range c.Redis().HGetAll(t.Context(), key).Val() {
			must(t, c.Redis().HSet(t.Context(), key, field, momentInRecord.ReplaceAllStringFunc(value, later)).Err())
		}
	}
	for _, state := range []queue.State{queue.Scheduled, queue.Retry} {
		key := c.Keys().Index(state)
		for _, z := range c.Redis().ZRangeWithScores(t.Context(), key, 0, -1).Val() {
			must(t, c.Redis().ZAdd(t.Context(), key, redis.Z{Score: z.Score + float64(by.Milliseconds()), Member: z.Member}).Err())
		}
	}
}
