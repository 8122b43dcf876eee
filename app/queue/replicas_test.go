package queue_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

func TestAMoveIsAnsweredWhenReplicasHaveItElseWithAnError(t *testing.T) {
	primary := redistest.New(t)
	replica := newReplica(t, primary)
	c := open(t, primary.URL()).WithWaitReplicas(1)
	untilReplicates(t, primary)
	submit(t, c, queue.Task{ID: "a"})
	if n := redistest.Open(t, replica.URL()).HLen(t.Context(), c.Keys().Tasks()).Val(); n != 1 {
		t.Errorf("the submit was answered and the replica has %d tasks", n)
	}
	if _, err := c.Cancel(t.Context(), "a"); err != nil {
		t.Errorf("cancel: %v", err)
	}

	replica.Stop()
	for range 2 { // the repeat too is told the truth
		answers, err := c.Submit(t.Context(), queue.Task{ID: "b"})
		if !errors.Is(err, queue.ErrNotReplicated) || answers[0].Status == 0 {
			t.Errorf("without a replica: %+v, %v; want the status and ErrNotReplicated", answers, err)
		}
	}
	if err := c.Pause(t.Context(), "default"); !errors.Is(err, queue.ErrNotReplicated) {
		t.Errorf("pause without a replica: %v, want ErrNotReplicated", err)
	}
	if _, err := c.Cancel(t.Context(), "nobody"); !errors.Is(err, queue.ErrNotFound) {
		t.Errorf("cancel of nothing without a replica: %v, want ErrNotFound", err)
	}

	replica.Start()
	untilReplicates(t, primary)
	answers, err := c.Submit(t.Context(), queue.Task{ID: "b"})
	if err != nil || answers[0].Status != queue.Existed {
		t.Errorf("with the replica back: %+v, %v; want existed", answers, err)
	}
}

func TestWaitingSurvivesALostScriptCache(t *testing.T) {
	primary := redistest.New(t)
	newReplica(t, primary)
	c := open(t, primary.URL()).WithWaitReplicas(1)
	untilReplicates(t, primary)
	for _, id := range []string{"a", "b"} {
		if err := c.Redis().ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		submit(t, c, queue.Task{ID: id})
	}
}

func TestOnAClusterTheNodeOfTheCellIsWaitedFor(t *testing.T) {
	cluster := redistest.NewCluster(t)
	c := open(t, cluster.URL()).WithWaitReplicas(1)
	slot := cluster.Slot(t, c.Keys().Prefix())
	owner := cluster.Owner(t, slot)
	for _, id := range []string{"a", "b"} {
		answers, err := c.Submit(t.Context(), queue.Task{ID: id}) // it has no replica; but it is taken there
		if !errors.Is(err, queue.ErrNotReplicated) || answers[0].Status != queue.Created {
			t.Errorf("submit: %+v, %v; want created and ErrNotReplicated", answers, err)
		}
		cluster.MoveSlot(t, slot, owner, (owner+1)%3, nil) // the client does not know yet
		owner = cluster.Owner(t, slot)
	}
	expectTasks(t, c, "a", "b")
}

// newReplica starts one without an append-only file of its own: Redis does not stop while it writes the first.
func newReplica(t *testing.T, primary *redistest.Redis) *redistest.Redis {
	t.Helper()
	return redistest.New(t, "--replicaof", strings.Replace(primary.Addr(), ":", " ", 1), "--appendonly", "no")
}

// untilReplicates returns when the primary has a replica that follows.
func untilReplicates(t *testing.T, primary *redistest.Redis) {
	t.Helper()
	rdb := redistest.Open(t, primary.URL())
	redistest.Eventually(t, "a replica follows", func() bool {
		return strings.Contains(rdb.Info(t.Context(), "replication").Val(), "state=online")
	})
}
