package queue_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

// each runs test with a client of an empty cell, on both stores.
func each(t *testing.T, test func(t *testing.T, c *queue.Client)) {
	t.Helper()
	redistest.Each(t, func(t *testing.T, url string) { test(t, open(t, url)) })
}

func open(t *testing.T, url string) *queue.Client {
	t.Helper()
	c, err := queue.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// submit expects every task to be created, and returns the ids.
func submit(t *testing.T, c *queue.Client, tasks ...queue.Task) []string {
	t.Helper()
	answers, err := c.Submit(t.Context(), tasks...)
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, len(answers))
	for i, a := range answers {
		if a.Status != queue.Created {
			t.Fatalf("task %s: status %d, %v; want created", a.ID, a.Status, a.Err)
		}
		ids[i] = a.ID
	}
	return ids
}

func get(t *testing.T, c *queue.Client, id string) *queue.Task {
	t.Helper()
	task, err := c.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return task
}

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

// cell describes what stands where, a line each, sorted: lists and sets of tasks with their ids, and counters that are
// not zero.
func cell(t *testing.T, c *queue.Client) []string {
	t.Helper()
	ctx, prefix := t.Context(), c.Keys().Prefix()
	keys, err := c.Redis().Keys(ctx, prefix+"*").Result()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, key := range keys {
		name := strings.TrimPrefix(key, prefix)
		var ids []string
		switch {
		case strings.HasPrefix(name, "task_queue:"), strings.HasPrefix(name, "processing:"):
			ids, err = c.Redis().LRange(ctx, key, 0, -1).Result()
		case strings.HasPrefix(name, "tasks_") && name != "tasks_recent":
			ids, err = c.Redis().ZRange(ctx, key, 0, -1).Result()
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(ids) > 0 {
			lines = append(lines, fmt.Sprintf("%s: %s", name, strings.Join(ids, " ")))
		}
	}
	counts, err := c.Redis().HGetAll(ctx, c.Keys().Counts()).Result()
	if err != nil {
		t.Fatal(err)
	}
	for field, n := range counts {
		if n != "0" {
			lines = append(lines, field+"="+n)
		}
	}
	slices.Sort(lines)
	return lines
}

func expectCell(t *testing.T, c *queue.Client, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := cell(t, c); !slices.Equal(got, want) {
		t.Errorf("the cell holds\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func prio(n int) *int { return queue.NewPriority(n) }
