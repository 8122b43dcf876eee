package queue_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// bury writes a task that ended seconds ago as finish.lua leaves it: it waited 2 s for its last attempt and ran for 1 s.
func bury(t *testing.T, c *queue.Client, id, q, worker, code string, seconds int64) {
	t.Helper()
	now := time.Now().UnixMilli() - 1000*seconds
	index := c.Keys().Index(map[string]queue.State{"c": queue.Completed, "f": queue.Failed}[code])
	_, err := c.Redis().Pipelined(t.Context(), func(p redis.Pipeliner) error {
		p.HSet(t.Context(), c.Keys().Tasks(), id, fmt.Sprintf("5|%s|echo|%d|5|0|1|1", q, now-9000))
		p.HSet(t.Context(), c.Keys().States(), id, fmt.Sprintf("%s|2|0|%s|%d|%d|%d|%d|0||", code, worker, now-3000, now-1000, now-1000, now))
		p.ZAdd(t.Context(), index, redis.Z{Score: float64(now), Member: id})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func endedIDs(list []queue.Ended, err error) string {
	ids := []string{fmt.Sprint(err)}
	for _, e := range list {
		ids = append(ids, e.ID)
	}
	return strings.Join(ids, " ")
}

func TestTheNewestThatEndedComeByQueueAndByWorker(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		for i := range int64(6) {
			bury(t, c, fmt.Sprint("t", i), []string{"a", "b"}[i%2], []string{"w0", "w1", "w2"}[i%3], []string{"c", "c", "f"}[i%3], i)
		}
		submit(t, c, queue.Task{ID: "waits", Queue: "a"})
		for want, got := range map[string]string{
			"<nil> t0 t2 t4": endedIDs(c.EndedOf(t.Context(), "a", 10)),
			"<nil> t0 t2":    endedIDs(c.EndedOf(t.Context(), "a", 2)),
			"<nil> t2 t5":    endedIDs(c.EndedOn(t.Context(), "w2", 10)),
			"<nil>":          endedIDs(c.EndedOf(t.Context(), "none", 10)),
		} {
			if got != want {
				t.Errorf("got %q; want %q", got, want)
			}
		}
		list, err := c.EndedOf(t.Context(), "a", 10)
		if err != nil || len(list) != 3 {
			t.Fatalf("%+v, %v", list, err)
		}
		e := list[1]
		wait, waited := e.Wait()
		run, ran := e.Run()
		if e.State != queue.Failed || e.Type != "echo" || e.Attempt != 2 || wait != 2*time.Second || run != time.Second || !waited || !ran {
			t.Errorf("got %+v, waited %v, ran %v", e, wait, run)
		}
	})
}

// TestWhatEndedIsOfOneTime: where one state's newest reach back less far than the other's, the older ones of that do not
// show, or the list would have failures of an hour beside successes of a second.
func TestWhatEndedIsOfOneTime(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		for i := range int64(1050) { // more than one call looks at
			bury(t, c, fmt.Sprint("b", i), "b", "w", "c", i)
		}
		bury(t, c, "new", "a", "w", "f", 50)
		bury(t, c, "old", "a", "w", "f", 1040)
		if got := endedIDs(c.EndedOf(t.Context(), "a", 150)); got != "<nil> new" {
			t.Errorf("got %s", got)
		}
	})
}
