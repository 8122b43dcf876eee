package redisdb_test

import (
	"context"
	"io"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/redisdb"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

// losing loses the replies to pipelines, which is what a command becomes that ASK sends to another node.
type losing struct{ lost *int }

// DialHook changes nothing.
func (losing) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook changes nothing.
func (losing) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

// ProcessPipelineHook runs the commands, and then says that the connection broke.
func (l losing) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if err := next(ctx, cmds); err != nil {
			return err
		}
		*l.lost++
		for _, cmd := range cmds {
			cmd.SetErr(io.EOF)
		}
		return io.EOF
	}
}

func TestACommandThatASlotsMoveRedirectsIsSentOnceToo(t *testing.T) {
	cluster := redistest.NewCluster(t)
	client := redistest.Open(t, cluster.URL())
	var lost int
	client.(*redis.ClusterClient).OnNewNode(func(node *redis.Client) { node.AddHook(losing{&lost}) })
	slot := cluster.Slot(t, "list")
	from := cluster.Owner(t, slot)
	asked := false
	cluster.MoveSlot(t, slot, from, (from+1)%3, func(int) {
		if asked {
			return
		}
		asked = true
		if err := client.RPush(t.Context(), "list", "x").Err(); !redisdb.Lost(err) {
			t.Errorf("RPUSH: %v; want a lost reply", err)
		}
	})
	if lost == 0 {
		t.Fatal("nothing was redirected, so nothing was tried")
	}
	if n := redistest.Open(t, cluster.URL()).LLen(t.Context(), "list").Val(); n != 1 {
		t.Errorf("RPUSH was done %d times, want 1", n)
	}
}
