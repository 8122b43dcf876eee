// Package queuetest is what tests of the queue share: cells, tasks, and what stands where in Redis. Only tests may import it.
package queuetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

var must = redistest.Must

// Each runs test with a client of an empty cell, on Redis and on the in-process store.
func Each(t *testing.T, test func(t *testing.T, c *queue.Client)) {
	t.Helper()
	redistest.Each(t, func(t *testing.T, url string) { test(t, Open(t, url)) })
}

// Open gives a client of url's cell, which is closed with the test.
func Open(t *testing.T, url string) *queue.Client {
	t.Helper()
	c, err := queue.Open(t.Context(), url)
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Submit expects every task to be created, and returns their ids.
func Submit(t *testing.T, c *queue.Client, tasks ...queue.Task) []string {
	t.Helper()
	answers, err := c.Submit(t.Context(), tasks...)
	must(t, err)
	ids := make([]string, len(answers))
	for i, a := range answers {
		if ids[i] = a.ID; a.Status != queue.Created {
			t.Fatalf("task %s: status %d, %v; want created", a.ID, a.Status, a.Err)
		}
	}
	return ids
}

// Some are n tasks called prefix0, prefix1, ... made like the given one.
func Some(n int, prefix string, like queue.Task) []queue.Task {
	tasks := make([]queue.Task, n)
	for i := range tasks {
		tasks[i] = like
		tasks[i].ID = fmt.Sprint(prefix, i)
	}
	return tasks
}

// Get reads the task, which must be there.
func Get(t *testing.T, c *queue.Client, id string) *queue.Task {
	t.Helper()
	task, err := c.Get(t.Context(), id)
	must(t, err)
	return task
}

// Outcomes are those of a task's attempts: "1 error, 2 ok".
func Outcomes(t *testing.T, c *queue.Client, id string) string {
	t.Helper()
	attempts, err := c.Attempts(t.Context(), id)
	must(t, err)
	parts := make([]string, len(attempts))
	for i, a := range attempts {
		parts[i] = strings.TrimSpace(fmt.Sprint(a.Attempt, " ", a.Outcome))
	}
	return strings.Join(parts, ", ")
}

// List are the ids on a list, first to last.
func List(t *testing.T, c *queue.Client, key string) []string {
	t.Helper()
	ids, err := c.Redis().LRange(t.Context(), key, 0, -1).Result()
	must(t, err)
	return ids
}

// ExpectIDs compares ids with want, where a blank stands between two.
func ExpectIDs(t *testing.T, what string, got []string, want string) {
	t.Helper()
	if strings.Join(got, " ") != want {
		t.Errorf("%s: %v; want [%s]", what, got, want)
	}
}

// Counts are a queue's counters that are not zero, sorted: "S=2 p=1".
func Counts(t *testing.T, c *queue.Client, q string) string {
	t.Helper()
	var parts []string
	for _, line := range counters(t, c) {
		if part, ok := strings.CutPrefix(line, q+"|"); ok {
			parts = append(parts, part)
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

// ExpectCounts compares Counts with want.
func ExpectCounts(t *testing.T, c *queue.Client, q, want string) {
	t.Helper()
	if got := Counts(t, c, q); got != want {
		t.Errorf("queue %s counts %q; want %q", q, got, want)
	}
}

// counters are those that are not zero: "default|p=1".
func counters(t *testing.T, c *queue.Client) []string {
	t.Helper()
	all, err := c.Redis().HGetAll(t.Context(), c.Keys().Counts()).Result()
	must(t, err)
	var lines []string
	for field, n := range all {
		if n != "0" {
			lines = append(lines, field+"="+n)
		}
	}
	return lines
}

// Cell describes what stands where, a line each, sorted: lists and sets of tasks with their ids ("processing:w-1: T1 T2"),
// and the counters that are not zero ("default|p=1").
func Cell(t *testing.T, c *queue.Client) []string {
	t.Helper()
	ctx, prefix := t.Context(), c.Keys().Prefix()
	keys, err := c.Redis().Keys(ctx, prefix+"*").Result()
	must(t, err)
	lines := counters(t, c)
	for _, key := range keys {
		name := strings.TrimPrefix(key, prefix)
		var ids []string
		switch {
		case strings.HasPrefix(name, "task_queue:"), strings.HasPrefix(name, "processing:"):
			ids, err = c.Redis().LRange(ctx, key, 0, -1).Result()
		case strings.HasPrefix(name, "tasks_") && name != "tasks_recent":
			ids, err = c.Redis().ZRange(ctx, key, 0, -1).Result()
		}
		must(t, err)
		if len(ids) > 0 {
			lines = append(lines, fmt.Sprintf("%s: %s", name, strings.Join(ids, " ")))
		}
	}
	slices.Sort(lines)
	return lines
}

// ExpectCell compares the lines of a cell with want, in any order.
func ExpectCell(t *testing.T, got []string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the cell holds\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}
