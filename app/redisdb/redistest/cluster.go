package redistest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	slots   = 16384
	masters = 3
	// moveBatch is how many keys MoveSlot moves at once: few, so that there is much between.
	moveBatch = 4
)

// Cluster is a Redis Cluster of three masters without replicas. It is gone when its test ends.
type Cluster struct {
	Nodes []*Redis // node i has the i-th third of the slots at first

	clients []redis.UniversalClient
	ids     []string
}

// NewCluster starts a Cluster and returns when all of its nodes say that it is up.
func NewCluster(t testing.TB) *Cluster {
	t.Helper()
	c := &Cluster{}
	for i := range masters {
		node := New(t, "--cluster-enabled", "yes")
		client := Open(t, node.URL())
		from, to := slots*i/masters, slots*(i+1)/masters-1
		Must(t, client.ClusterAddSlotsRange(t.Context(), from, to).Err())
		Must(t, client.Do(t.Context(), "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err()) // else they have to agree on one first
		id, err := client.Do(t.Context(), "CLUSTER", "MYID").Text()
		Must(t, err)
		c.Nodes, c.clients, c.ids = append(c.Nodes, node), append(c.clients, client), append(c.ids, id)
	}
	for _, node := range c.Nodes[1:] {
		Must(t, c.clients[0].ClusterMeet(t.Context(), "127.0.0.1", fmt.Sprint(node.port)).Err())
	}
	c.untilUp(t)
	return c
}

// URL returns the Cluster's address.
func (c *Cluster) URL() string {
	addrs := make([]string, len(c.Nodes))
	for i, node := range c.Nodes {
		addrs[i] = node.Addr()
	}
	return "redis+cluster://" + strings.Join(addrs, ",")
}

// Slot returns the slot of a key.
func (c *Cluster) Slot(t testing.TB, key string) int {
	t.Helper()
	slot, err := c.clients[0].ClusterKeySlot(t.Context(), key).Result()
	Must(t, err)
	return int(slot)
}

// Owner returns the index of the node that has a slot.
func (c *Cluster) Owner(t testing.TB, slot int) int {
	t.Helper()
	ranges, err := c.clients[0].ClusterSlots(t.Context()).Result()
	Must(t, err)
	for _, r := range ranges {
		for i, id := range c.ids {
			if r.Start <= slot && slot <= r.End && r.Nodes[0].ID == id {
				return i
			}
		}
	}
	t.Fatalf("nobody has slot %d", slot)
	return -1
}

// MoveSlot moves a slot with all its keys from one node to another, as redis-cli --cluster reshard does. While the slot
// stands open, step is called before the first key moves, and after every few; it may be nil.
func (c *Cluster) MoveSlot(t testing.TB, slot, from, to int, step func(moved int)) {
	t.Helper()
	Must(t, c.setSlot(t, to, slot, "IMPORTING", c.ids[from])) // the target first: it must know what ASK is about
	Must(t, c.setSlot(t, from, slot, "MIGRATING", c.ids[to]))
	for moved := 0; ; {
		if step != nil {
			step(moved)
		}
		n := c.moveSome(t, slot, from, to)
		if moved += n; n == 0 {
			break
		}
	}
	for _, node := range []int{to, from} { // the target first: else nobody would have it for a moment
		Must(t, c.setSlot(t, node, slot, "NODE", c.ids[to]))
	}
	for node := range c.Nodes {
		Must(t, c.setSlot(t, node, slot, "NODE", c.ids[to]))
	}
}

func (c *Cluster) setSlot(t testing.TB, node, slot int, state, id string) error {
	return c.clients[node].Do(t.Context(), "CLUSTER", "SETSLOT", slot, state, id).Err()
}

// moveSome moves a batch, and returns how many keys it were.
func (c *Cluster) moveSome(t testing.TB, slot, from, to int) int {
	t.Helper()
	keys, err := c.clients[from].ClusterGetKeysInSlot(t.Context(), slot, moveBatch).Result()
	Must(t, err)
	if len(keys) == 0 {
		return 0
	}
	_, err = c.clients[from].Pipelined(t.Context(), func(p redis.Pipeliner) error {
		for _, key := range keys {
			p.Migrate(t.Context(), "127.0.0.1", strconv.Itoa(c.Nodes[to].port), key, 0, patience)
		}
		return nil
	})
	Must(t, err)
	return len(keys)
}

func (c *Cluster) untilUp(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, client := range c.clients {
		for !isUp(ctx, client) {
			select {
			case <-ctx.Done():
				t.Fatalf("the Cluster is not up within %v", patience)
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
}

func isUp(ctx context.Context, client redis.UniversalClient) bool {
	info, err := client.ClusterInfo(ctx).Result()
	return err == nil && strings.Contains(info, "cluster_state:ok") &&
		strings.Contains(info, fmt.Sprint("cluster_known_nodes:", masters)) && strings.Contains(info, "cluster_slots_ok:16384")
}
