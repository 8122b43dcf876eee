package queue_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

// everyKind are one call of each script of this package, on a cell that has the tasks a, b and c.
var everyKind = map[string]func(context.Context, *queue.Client) error{
	"submit": func(ctx context.Context, c *queue.Client) error {
		_, err := c.Submit(ctx, queue.Task{ID: "new"})
		return err
	},
	"cancel":  func(ctx context.Context, c *queue.Client) error { _, err := c.Cancel(ctx, "a"); return err },
	"redrive": func(ctx context.Context, c *queue.Client) error { _, err := c.Redrive(ctx, "b"); return err },
	"delete":  func(ctx context.Context, c *queue.Client) error { return c.Delete(ctx, "c") },
	"pause":   func(ctx context.Context, c *queue.Client) error { return c.Pause(ctx, "default") },
	"get":     func(ctx context.Context, c *queue.Client) error { _, err := c.Get(ctx, "a"); return err },
}

func TestWhileItsSlotMovesEveryScriptIsRefusedWholeAndAfterwardsAllIsThere(t *testing.T) {
	cluster := redistest.NewCluster(t)
	c := open(t, cluster.URL())
	slot := cluster.Slot(t, c.Keys().Prefix())
	from := cluster.Owner(t, slot)
	submit(t, c, queue.Task{ID: "a"}, queue.Task{ID: "b", Priority: prio(3)}, queue.Task{ID: "c", Delay: time.Hour})
	if _, err := c.Cancel(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	before, steps := contents(t, cluster), 0
	cluster.MoveSlot(t, slot, from, (from+1)%3, func(moved int) {
		steps++
		for name, call := range everyKind {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			if err := call(ctx, c); err == nil {
				t.Errorf("%s was taken with %d keys moved", name, moved)
			}
			cancel()
		}
		if now := contents(t, cluster); !slices.Equal(now, before) {
			t.Fatalf("with %d keys moved the cell is\n%q, before\n%q", moved, now, before)
		}
	})
	if steps < 3 {
		t.Errorf("the slot stood open for %d steps; the test wants at least 3", steps)
	}
	for name, call := range everyKind {
		if err := call(t.Context(), c); err != nil {
			t.Errorf("%s after the move: %v", name, err)
		}
	}
	if !t.Failed() && cluster.Owner(t, slot) == from {
		t.Error("the slot did not move")
	}
}

func TestAFreshCellIsNotBegunOnTwoNodes(t *testing.T) {
	cluster := redistest.NewCluster(t)
	c := open(t, cluster.URL())
	slot := cluster.Slot(t, c.Keys().Prefix())
	from := cluster.Owner(t, slot)
	cluster.MoveSlot(t, slot, from, (from+2)%3, func(int) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := c.Submit(ctx, queue.Task{ID: "a"}); err == nil {
			t.Error("a submit was taken while the slot was open")
		}
		if all := contents(t, cluster); len(all) > 0 {
			t.Errorf("there is %q", all)
		}
	})
	submit(t, c, queue.Task{ID: "a"})
	expectTasks(t, c, "a")
}

func TestAMigrationIsHiddenFromWhoeverSubmits(t *testing.T) {
	cluster := redistest.NewCluster(t)
	c := open(t, cluster.URL())
	slot := cluster.Slot(t, c.Keys().Prefix())
	var want []string
	for round := range 3 {
		from := cluster.Owner(t, slot)
		done := make(chan error, 4)
		begin := make(chan struct{})
		for n := range cap(done) {
			id := fmt.Sprintf("r%d-%d", round, n)
			want = append(want, id)
			go func() {
				<-begin
				_, err := c.Submit(t.Context(), queue.Task{ID: id})
				done <- err
			}()
		}
		opened := false
		cluster.MoveSlot(t, slot, from, (from+1)%3, func(int) {
			if !opened {
				close(begin)
				opened = true
			}
		})
		for range cap(done) {
			if err := <-done; err != nil {
				t.Errorf("round %d: %v", round, err)
			}
		}
	}
	expectTasks(t, c, want...)
}

func TestAWaitForASlotThatStaysOpenEndsWithTheCaller(t *testing.T) {
	cluster := redistest.NewCluster(t)
	c := open(t, cluster.URL())
	submit(t, c, queue.Task{ID: "a"})
	slot := cluster.Slot(t, c.Keys().Prefix())
	from := cluster.Owner(t, slot)
	asked := false
	cluster.MoveSlot(t, slot, from, (from+1)%3, func(int) {
		if asked {
			return
		}
		asked = true
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		begun := time.Now()
		_, err := c.Get(ctx, "a")
		if took := time.Since(begun); err == nil || took > 2*time.Second {
			t.Errorf("Get: %v after %v; want an error when its context ended, after 300ms", err, took)
		}
	})
}

// contents are all keys of all nodes with what they hold, sorted; the clock of the last change is left out.
func contents(t *testing.T, cluster *redistest.Cluster) []string {
	t.Helper()
	var all []string
	for _, node := range cluster.Nodes {
		rdb := redistest.Open(t, node.URL())
		keys, err := rdb.Keys(t.Context(), "*").Result()
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			dump, err := rdb.Dump(t.Context(), key).Result()
			if redis.HasErrorPrefix(err, "MOVED") || err != nil {
				dump, err = asking(t, rdb, key)
			}
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, key+"="+dump)
		}
	}
	slices.Sort(all)
	return all
}

// asking reads a key from the node that imports its slot.
func asking(t *testing.T, rdb redis.UniversalClient, key string) (string, error) {
	t.Helper()
	pipe := rdb.Pipeline()
	pipe.Do(t.Context(), "ASKING")
	dump := pipe.Dump(t.Context(), key)
	_, err := pipe.Exec(t.Context())
	return dump.Val(), err
}

func expectTasks(t *testing.T, c *queue.Client, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if task, err := c.Get(t.Context(), id); err != nil || task.State != queue.Pending {
			t.Errorf("task %s: %v, %v; want it pending", id, task, err)
		}
	}
	if n := c.Redis().HLen(t.Context(), c.Keys().Tasks()).Val(); n != int64(len(ids)) {
		t.Errorf("there are %d tasks, want %d", n, len(ids))
	}
}
