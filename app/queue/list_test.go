package queue_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

// pages reads a listing to its end, and fails where that does not come.
func pages(t *testing.T, c *queue.Client, f queue.Filter) (ids []string, n int) {
	t.Helper()
	for {
		page, err := c.List(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Items) > f.Limit {
			t.Fatalf("a page of %d has %d tasks", f.Limit, len(page.Items))
		}
		for _, task := range page.Items {
			ids = append(ids, task.ID)
		}
		if n++; page.Next == "" {
			return ids, n
		}
		if f.After = page.Next; n > 500 {
			t.Fatalf("%+v has no last page; the first tasks: %v", f, ids[:40])
		}
	}
}

func expectPages(t *testing.T, c *queue.Client, f queue.Filter, want []string) {
	t.Helper()
	if got, _ := pages(t, c, f); !slices.Equal(got, want) {
		t.Errorf("%+v lists %d tasks:\n%v\nwant %d:\n%v", f, len(got), got, len(want), want)
	}
}

// ended submits n tasks and cancels them one by one.
func ended(t *testing.T, c *queue.Client, n int) []string {
	t.Helper()
	var ids []string
	for i := range n {
		ids = append(ids, submit(t, c, queue.Task{ID: fmt.Sprintf("end%02d", i)})...)
		if _, err := c.Cancel(t.Context(), ids[i]); err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

func TestPagesShowFinalTasksTheNewestEndFirst(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		want := ended(t, c, 33)
		slices.Reverse(want)
		for _, limit := range []int{1, 10, 11, 33, 50} {
			expectPages(t, c, queue.Filter{State: queue.Canceled, Limit: limit}, want)
			expectPages(t, c, queue.Filter{Limit: limit}, want) // all states: the newest submit first
		}
		expectPages(t, c, queue.Filter{State: queue.Failed, Limit: 10}, nil)
	})
}

func TestPagesShowScheduledTasksByDueTime(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		var tasks []queue.Task
		for i := range 25 {
			tasks = append(tasks, queue.Task{ID: fmt.Sprint("t", i), Delay: time.Hour + time.Duration(25-i)*time.Minute})
		}
		want := submit(t, c, tasks...)
		slices.Reverse(want)
		expectPages(t, c, queue.Filter{State: queue.Scheduled, Limit: 5}, want)
		expectPages(t, c, queue.Filter{State: queue.Retry, Limit: 5}, nil)
	})
}

func TestPagesShowAssignedTasksOfAllWorkersAndOfOne(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		seat(t, c, "w1", 7, "echo")
		seat(t, c, "w2", 7, "echo")
		ids := submit(t, c, make([]queue.Task, 14)...)
		got, _ := pages(t, c, queue.Filter{State: queue.Assigned, Limit: 4})
		slices.Sort(got)
		slices.Sort(ids)
		if !slices.Equal(got, ids) {
			t.Errorf("lists %d tasks; want each of 14 once:\n%v", len(got), got)
		}
		for _, w := range []string{"w1", "w2"} {
			list, err := c.Redis().LRange(t.Context(), c.Keys().Processing(w), 0, -1).Result()
			if err != nil || len(list) != 7 {
				t.Fatalf("%s holds %v, %v", w, list, err)
			}
			expectPages(t, c, queue.Filter{Worker: w, State: queue.Assigned, Limit: 3}, list)
			expectPages(t, c, queue.Filter{Worker: w, State: queue.Running, Limit: 3}, nil)
			slices.Reverse(list)
			expectPages(t, c, queue.Filter{Worker: w, Limit: 3}, list) // in all states the newest first
		}
	})
}

func TestAWorkersListingHasWhatItEnded(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		seat(t, c, "w1", 1, "echo")
		submit(t, c, queue.Task{ID: "a"}, queue.Task{ID: "b"}) // a is assigned to w1, b waits
		if _, err := c.Cancel(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		expectPages(t, c, queue.Filter{Worker: "w1", State: queue.Canceled, Limit: 5}, []string{"a"})
		expectPages(t, c, queue.Filter{Worker: "w2", Limit: 5}, nil)
	})
}

func TestFiltersNarrowAListing(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "mail-1", Queue: "mail", Type: "send"}, queue.Task{ID: "mail-12", Queue: "mail", Type: "read"},
			queue.Task{ID: "x-mail-1", Type: "send"}, queue.Task{ID: "a.b", Type: "send"})
		for _, tc := range []struct {
			f    queue.Filter
			want []string
		}{
			{queue.Filter{Queue: "mail"}, []string{"mail-12", "mail-1"}},
			{queue.Filter{Type: "send"}, []string{"a.b", "x-mail-1", "mail-1"}},
			{queue.Filter{Queue: "mail", Type: "send"}, []string{"mail-1"}},
			{queue.Filter{Q: "mail-1"}, []string{"mail-1", "x-mail-1", "mail-12"}}, // the exact one first
			{queue.Filter{Q: "mail-1", Queue: "default"}, []string{"x-mail-1"}},
			{queue.Filter{Q: "mail-1", State: queue.Failed}, nil},
			{queue.Filter{Q: "."}, []string{"a.b"}}, // as it is, and no pattern
			{queue.Filter{Q: "nothing"}, nil},
		} {
			for _, limit := range []int{1, 2, 50} {
				tc.f.Limit = limit
				expectPages(t, c, tc.f, tc.want)
			}
		}
	})
}

func TestAPageThatLooksAtItsBudgetOnlyStillLeadsOn(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "t0", Type: "many"}, queue.Task{ID: "t20", Type: "rare"})
		standIn(t, c, "t0", 12_900)
		submit(t, c, queue.Task{ID: "t12900", Type: "rare"})
		ids, n := pages(t, c, queue.Filter{State: queue.Pending, Type: "rare", Limit: 10})
		if !slices.Equal(ids, []string{"t20", "t12900"}) || n < 2 {
			t.Errorf("found %v on %d pages; want t20 and t12900 on two: a page looks at 12,000 entries at most", ids, n)
		}
	})
}

// standIn puts that many tasks with the record of a pending one at the end of its lane, at once: in the store in memory so
// many submits take most of a minute with the race detector.
func standIn(t *testing.T, c *queue.Client, id string, n int) {
	t.Helper()
	record, err := c.Redis().HGet(t.Context(), c.Keys().Tasks(), id).Result()
	redistest.Must(t, err)
	records, ids := map[string]any{}, make([]any, n)
	for i := range ids {
		ids[i] = fmt.Sprint("copy", i)
		records[fmt.Sprint("copy", i)] = record
	}
	redistest.Must(t, c.Redis().HSet(t.Context(), c.Keys().Tasks(), records).Err())
	redistest.Must(t, c.Redis().RPush(t.Context(), c.Keys().TaskQueue("default", "5"), ids...).Err())
}

func TestAListingNamesTheWrongField(t *testing.T) {
	c := queue.New(redistest.Open(t, "redis://127.0.0.1:1")) // nothing is asked of it
	for field, f := range map[string]queue.Filter{
		"state": {State: "lost"}, "queue": {Queue: "a b"}, "type": {Type: "é"}, "q": {Q: "a|b"}, "worker": {Worker: "*"},
		"limit": {Limit: 1001}, "limit ": {Limit: -1}, "after": {After: "?"}, "after ": {After: "bm90IEpTT04"},
		"after  ": {After: "eyJzIjoiIn0"}, "after   ": {After: "eyJzIjoiaSIsIm4iOi0xfQ"},
	} {
		_, err := c.List(t.Context(), f)
		var wrong *queue.InvalidError
		if !errors.As(err, &wrong) || !slices.Contains([]string{wrong.Field, wrong.Field + " ", wrong.Field + "  ", wrong.Field + "   "}, field) {
			t.Errorf("%+v gives %v; want an *InvalidError of %s", f, err, field)
		}
	}
}
