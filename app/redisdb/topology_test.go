package redisdb_test

import (
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

func TestAClusterIsOpenedByItsAddress(t *testing.T) {
	node := redistest.New(t, "--cluster-enabled", "yes")
	ctx := t.Context()
	if err := redistest.Open(t, node.URL()).ClusterAddSlotsRange(ctx, 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	client := redistest.Open(t, "redis+cluster://"+node.Addr())
	until(t, "the cluster takes a script on one hash tag", func() bool {
		script := `redis.call('SET', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[2])`
		got, err := client.Eval(ctx, script, []string{"qp:{0}:a", "qp:{0}:a"}, "v").Text()
		return err == nil && got == "v"
	})
}

func TestASentinelGroupIsOpenedByItsAddress(t *testing.T) {
	group := redistest.NewSentinel(t)
	master, _ := group.Master()
	client := redistest.Open(t, group.URL())
	until(t, "the master that the Sentinel names answers", func() bool {
		return client.Set(t.Context(), "k", "v", 0).Err() == nil
	})
	if got, err := redistest.Open(t, master.URL()).Get(t.Context(), "k").Result(); got != "v" {
		t.Errorf("the master holds %q, %v; want v", got, err)
	}
}
