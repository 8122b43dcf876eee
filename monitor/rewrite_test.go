package monitor_test

import (
	"context"
	"errors"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

// crashInAWrite leaves the last script of a crash torn in the append-only file, and starts Redis again.
func crashInAWrite(r *redistest.Redis) {
	r.Written()
	r.Kill()
	r.CutTail(20) // the end of the script, and a part of its last command
	r.Start()
}

func isThere(t *testing.T, c *queue.Client, id string) bool {
	t.Helper()
	_, err := c.Get(t.Context(), id)
	if err != nil && !errors.Is(err, queue.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

// rewrites is how often Redis has written its file anew since it was started; "" while it does.
func rewrites(t *testing.T, c *queue.Client) string {
	t.Helper()
	info, err := c.Redis().InfoMap(t.Context(), "persistence").Result()
	must(t, err)
	if info["Persistence"]["aof_rewrite_in_progress"] != "0" {
		return ""
	}
	return info["Persistence"]["aof_rewrites"]
}

func TestAScriptThatACrashToreDoesNotRunAtALaterStart(t *testing.T) {
	r := redistest.New(t)
	c := queue.New(redistest.Open(t, r.URL()+"?pool_size=10000"))
	submit(t, c, queue.Task{ID: "kept"})
	submit(t, c, queue.Task{ID: "torn"})
	crashInAWrite(r)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- newMonitor(c).Run(ctx) }()
	redistest.Eventually(t, "Redis's file is written anew", func() bool { return rewrites(t, c) == "1" })
	if isThere(t, c, "torn") {
		t.Fatal("the torn script ran at once: this Redis cannot show the fault")
	}
	submit(t, c, queue.Task{ID: "later"})
	cancel()
	must(t, <-ended)
	r.Written()
	r.Kill()
	r.Start()
	for id, want := range map[string]bool{"kept": true, "torn": false, "later": true} {
		if isThere(t, c, id) != want {
			t.Errorf("task %s is there: %v; want %v", id, !want, want)
		}
	}
}

func TestRedisWritesItsFileAnewOnceAStartHoweverManyMonitorsLook(t *testing.T) {
	r := redistest.New(t)
	c := queue.New(redistest.Open(t, r.URL()+"?pool_size=10000"))
	for _, want := range []string{"1", "1"} {
		for range 3 {
			m := newMonitor(c)
			must(t, m.Rewrite(t.Context()))
			must(t, m.Rewrite(t.Context()))
		}
		redistest.Eventually(t, "Redis's file is written anew", func() bool { return rewrites(t, c) != "" })
		if got := rewrites(t, c); got != want {
			t.Errorf("Redis wrote its file anew %s times since its start; want %s", got, want)
		}
		r.Written()
		r.Kill()
		r.Start()
	}
}

func TestAMonitorGoesOnWhereRedisMayNotBeToldToWriteItsFileAnew(t *testing.T) {
	r := redistest.New(t)
	admin := redistest.Open(t, r.URL())
	must(t, admin.Do(t.Context(), "ACL", "SETUSER", "default", "-bgrewriteaof").Err())
	c := queue.New(admin)
	must(t, newMonitor(c).Rewrite(t.Context()))
	if got := rewrites(t, c); got != "0" {
		t.Errorf("Redis wrote its file anew %s times; want 0", got)
	}
}

func TestTheStoreInTheProcessHasNoFileToWriteAnew(t *testing.T) {
	c := queue.New(redistest.Open(t, redistest.Memory(t)))
	must(t, newMonitor(c).Rewrite(t.Context()))
}
