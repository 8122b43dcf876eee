package queue_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

func TestThousandsAreSelectedAndMovedInManyScripts(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		tasks := make([]queue.Task, 2300)
		for i := range tasks {
			tasks[i] = queue.Task{ID: fmt.Sprint("t", i), Type: []string{"a", "b"}[i%2], Priority: prio(i % 3)}
		}
		submit(t, c, tasks...)
		act(t, c, choose(t, c, queue.ActionCancel, queue.Filter{Type: "a"}, 1150), queue.Acted{Done: 1150})
		act(t, c, choose(t, c, queue.ActionDelete, queue.Filter{State: queue.Pending}, 1150), queue.Acted{Done: 1150})
		act(t, c, choose(t, c, queue.ActionDelete, queue.Filter{Q: "t"}, 1150), queue.Acted{Done: 1150})
		expectCell(t, c, "default|S=2300", "default|X=1150", "default|D=2300")
	})
}

func TestTwoActsAtOnceMoveEachTaskOnce(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, make([]queue.Task, 900)...)
		s := choose(t, c, queue.ActionCancel, queue.Filter{State: queue.Pending}, 900)
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() { act(t, c, s, queue.Acted{Done: 900}) })
		}
		both.Wait()
		if n := c.Redis().HGet(t.Context(), c.Keys().Counts(), "default|X").Val(); n != "900" {
			t.Errorf("%s were canceled of 900", n)
		}
	})
}

func TestAnActThatWasBrokenOffGoesOnWhereItStopped(t *testing.T) {
	eachLossy(t, func(t *testing.T, c *queue.Client, net *lossy) {
		submit(t, c, make([]queue.Task, 450)...)
		s := choose(t, c, queue.ActionCancel, queue.Filter{State: queue.Pending}, 450)
		for _, a := range queue.Actions { // warm
			act(t, c, choose(t, c, a, queue.Filter{Q: "none"}, 0), queue.Acted{})
		}
		net.lose.Store(2) // the first script runs three times
		act(t, c, s, queue.Acted{Done: 450})

		s = choose(t, c, queue.ActionRetry, queue.Filter{State: queue.Canceled}, 450)
		ctx, cancel := context.WithCancel(t.Context())
		net.lost = cancel // the first script's reply is lost, and with it the caller
		net.lose.Store(1)
		if acted, err := c.Act(ctx, s.ID, s.Action, 450); err == nil || acted.Left == 0 {
			t.Errorf("broken off: %+v, %v", acted, err)
		}
		net.lost = nil
		half, err := c.Selection(t.Context(), s.ID)
		if err != nil || half.Acted.Done == 0 || half.Acted.Left == 0 {
			t.Errorf("then: %+v, %v", half.Acted, err)
		}
		act(t, c, s, queue.Acted{Done: 450})
	})
}

// Deep inside a long list an id stays as a dead entry: whoever takes from the list later must not run it.
func TestWhatIsDeepInALongListIsCanceledInTime(t *testing.T) {
	c := open(t, redistest.Server(t))
	tasks := make([]queue.Task, 42000)
	for i := range tasks {
		tasks[i] = queue.Task{ID: fmt.Sprint("t", i), Type: "keep"}
		if i%100 == 0 {
			tasks[i].Type = "drop"
		}
	}
	submit(t, c, tasks...)
	act(t, c, choose(t, c, queue.ActionCancel, queue.Filter{Type: "drop"}, 420), queue.Acted{Done: 420})
	page, err := c.List(t.Context(), queue.Filter{State: queue.Pending, Type: "drop"})
	if err != nil || len(page.Items) != 0 {
		t.Errorf("%d are pending, %v", len(page.Items), err)
	}
	choose(t, c, queue.ActionCancel, queue.Filter{}, 41580)
}

// Between those that stay the next one is further and further from both ends.
func TestEverySecondTaskOfALongQueueIsCanceledInFewScripts(t *testing.T) {
	c := open(t, redistest.Server(t))
	tasks := make([]queue.Task, 40000)
	for i := range tasks {
		tasks[i].Type = []string{"keep", "drop"}[i%2]
	}
	submit(t, c, tasks...)
	s := choose(t, c, queue.ActionCancel, queue.Filter{Type: "drop"}, 20000)
	before := scripts(t, c)
	act(t, c, s, queue.Acted{Done: 20000})
	if ran := scripts(t, c) - before; ran > 20000/10 {
		t.Errorf("%d scripts canceled 20,000 tasks; want ten tasks a script and more", ran)
	}
}

// scripts is how many Redis has run.
func scripts(t *testing.T, c *queue.Client) int {
	t.Helper()
	info, err := c.Redis().InfoMap(t.Context(), "commandstats").Result()
	ran := 0
	if _, wrong := fmt.Sscanf(info["Commandstats"]["cmdstat_evalsha"], "calls=%d,", &ran); err != nil || wrong != nil {
		t.Fatal(err, wrong)
	}
	return ran
}
