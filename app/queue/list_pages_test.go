package queue_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

func TestPagesShowEveryPendingTaskOnceInTheOrderOfItsRun(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		var tasks []queue.Task
		byLane := map[string][]string{}
		for i := range 137 {
			q, priority := []string{"a", "a:b", "b"}[i%3], []int{5, 9, 0, 5}[i%4]
			tasks = append(tasks, queue.Task{ID: fmt.Sprint("t", i), Queue: q, Priority: prio(priority)})
			lane := fmt.Sprint(q, priority)
			byLane[lane] = append(byLane[lane], tasks[i].ID)
		}
		submit(t, c, tasks...)
		all := slices.Concat(byLane["a9"], byLane["a5"], byLane["a0"], byLane["a:b9"], byLane["a:b5"], byLane["a:b0"],
			byLane["b9"], byLane["b5"], byLane["b0"])
		for _, limit := range []int{7, 10, 1000} {
			expectPages(t, c, queue.Filter{State: queue.Pending, Limit: limit}, all)
			expectPages(t, c, queue.Filter{State: queue.Pending, Limit: limit, Queue: "b"},
				slices.Concat(byLane["b9"], byLane["b5"], byLane["b0"]))
		}
	})
}

func TestALargePageIsWhole(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		var tasks []queue.Task
		var ids []string
		for i := range 1300 {
			tasks = append(tasks, queue.Task{ID: fmt.Sprint("t", i)})
			ids = append(ids, tasks[i].ID)
		}
		submit(t, c, tasks...)
		page, err := c.List(t.Context(), queue.Filter{State: queue.Pending, Limit: 1000})
		if err != nil || len(page.Items) != 1000 || page.Next == "" {
			t.Errorf("a page of 1000 has %d tasks, next %q, %v", len(page.Items), page.Next, err)
		}
		expectPages(t, c, queue.Filter{State: queue.Pending, Limit: 1000}, ids)
	})
}

// 3 of 17 are of another type: the first page of 10 fills up among the last 7, of which a look of 10 finds no more.
func TestAPageThatFillsUpAmongTheLastEntriesIsFollowedByAnother(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		var tasks []queue.Task
		var ids []string
		for i := range 17 {
			tasks = append(tasks, queue.Task{ID: fmt.Sprint("t", i), Type: "a"})
			if i < 3 {
				tasks[i].Type = "b"
			} else {
				ids = append(ids, tasks[i].ID)
			}
		}
		submit(t, c, tasks...)
		expectPages(t, c, queue.Filter{State: queue.Pending, Type: "a", Limit: 10}, ids)
	})
}
