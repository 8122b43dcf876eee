package queue_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

const (
	crowd     = 40 // goroutines that submit at once
	eachSends = 25
)

// scriptCalls is how many scripts the server has run.
func scriptCalls(t *testing.T, c *queue.Client) (n int) {
	t.Helper()
	info, err := c.Redis().Info(t.Context(), "commandstats").Result()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(info) {
		var calls int
		if _, err := fmt.Sscanf(line, "cmdstat_evalsha:calls=%d,", &calls); err == nil {
			n += calls
		}
	}
	return n
}

func TestSubmitsAtOnceShareScriptsAndEachIsAnsweredForItself(t *testing.T) {
	c := open(t, redistest.New(t).URL())
	submit(t, c, queue.Task{ID: "taken", Payload: []byte("1")})
	before := scriptCalls(t, c)
	var created, existed, conflicts atomic.Int64
	var senders sync.WaitGroup
	for g := range crowd {
		senders.Go(func() {
			for i := range eachSends {
				own, shared := fmt.Sprintf("own-%d-%d", g, i), fmt.Sprintf("shared-%d", i)
				answers, err := c.Submit(t.Context(), queue.Task{ID: own}, queue.Task{ID: shared}, queue.Task{ID: "taken"})
				if err != nil {
					t.Error(err)
					return
				}
				ids := []string{answers[0].ID, answers[1].ID, answers[2].ID}
				if !slices.Equal(ids, []string{own, shared, "taken"}) || answers[0].Status != queue.Created {
					t.Errorf("answers %+v for %s, %s and taken", answers, own, shared)
				}
				for _, a := range answers[1:] {
					map[queue.SubmitStatus]*atomic.Int64{
						queue.Created: &created, queue.Existed: &existed, queue.Conflict: &conflicts,
					}[a.Status].Add(1)
				}
			}
		})
	}
	senders.Wait()
	if created.Load() != eachSends || existed.Load() != (crowd-1)*eachSends || conflicts.Load() != crowd*eachSends {
		t.Errorf("%d shared ids were created, %d existed, %d of a taken id were refused; want %d, %d, %d", created.Load(),
			existed.Load(), conflicts.Load(), eachSends, (crowd-1)*eachSends, crowd*eachSends)
	}
	expectCell(t, c, pendingCell(t, c, 1+crowd*eachSends+eachSends)...)
	if calls := scriptCalls(t, c) - before; calls > crowd*eachSends/2 {
		t.Errorf("%d submits took %d scripts", crowd*eachSends, calls)
	}
}

// pendingCell is the cell where n tasks of the default queue are pending, in whatever order.
func pendingCell(t *testing.T, c *queue.Client, n int) []string {
	t.Helper()
	ids, err := c.Redis().LRange(t.Context(), c.Keys().TaskQueue(queue.DefaultQueue, "5"), 0, -1).Result()
	if err != nil {
		t.Fatal(err)
	}
	return []string{
		"task_queue:default: " + strings.Join(ids, " "), fmt.Sprintf("default|S=%d", n), fmt.Sprintf("default|p=%d", n),
	}
}

func TestWhoLeavesAGroupIsNotWaitedForAndHarmsNobody(t *testing.T) {
	server := redistest.New(t)
	c := open(t, server.URL())
	submit(t, c, queue.Task{ID: "first"})
	server.Pause()
	hurried, hurry := context.WithCancel(t.Context())
	left := make(chan error, crowd)
	var stayed sync.WaitGroup
	for i := range crowd {
		stayed.Go(func() {
			if _, err := c.Submit(t.Context(), queue.Task{ID: fmt.Sprint("stayed-", i)}); err != nil {
				t.Errorf("who stayed: %v", err)
			}
		})
		go func() {
			_, err := c.Submit(hurried, queue.Task{ID: fmt.Sprint("left-", i)})
			left <- err
		}()
	}
	hurry()
	for range crowd - 1 { // a script of one submit is under way: that one hears its answer
		if err := <-left; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("who left: %v", err)
		}
	}
	server.Resume()
	stayed.Wait()
	for i := range crowd {
		if task := get(t, c, fmt.Sprint("stayed-", i)); task.State != queue.Pending {
			t.Errorf("stayed-%d is %s", i, task.State)
		}
	}
}

func TestEveryoneOfAGroupHearsThatRedisIsAway(t *testing.T) {
	server := redistest.New(t)
	c := open(t, server.URL())
	submit(t, c, queue.Task{ID: "first"})
	server.Kill()
	var senders sync.WaitGroup
	var refused atomic.Int64
	for i := range crowd {
		senders.Go(func() {
			answers, err := c.Submit(t.Context(), queue.Task{ID: fmt.Sprint("t", i)})
			if err != nil && answers[0].Status == 0 {
				refused.Add(1)
			}
		})
	}
	senders.Wait()
	if refused.Load() != crowd {
		t.Errorf("%d of %d were told", refused.Load(), crowd)
	}
	server.Start()
	submit(t, c, queue.Task{ID: "again"})
}
