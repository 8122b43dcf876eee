package monitor_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// drilling is a worker that was asked to stop for a drill, as it runs some tasks.
type drilling struct {
	*testing.T
	c       *queue.Client
	m       *monitor.Monitor
	session *workers.Session
	leases  []*queue.Task
	slots   int
	id      string
}

// newDrilling has a worker run the tasks and asks it to stop, which it has not heard yet.
func newDrilling(t *testing.T, c *queue.Client, slots int, tasks ...queue.Task) *drilling {
	t.Helper()
	d := &drilling{T: t, c: c, m: newMonitor(c), session: drillable(t, c, "victim", slots), slots: slots}
	submit(t, c, tasks...)
	_, d.leases = turn(t, d.session, slots)
	asked, err := workers.Drill(t.Context(), c, d.session.ID())
	must(t, err)
	d.id = asked.ID
	return d
}

func drillable(t *testing.T, c *queue.Client, name string, slots int) *workers.Session {
	t.Helper()
	s, err := workers.Register(t.Context(), c, workers.Config{Name: name, Slots: slots, Drills: true}, []string{"echo"})
	must(t, err)
	return s
}

// hear has the worker stop.
func (d *drilling) hear() {
	d.Helper()
	orders, err := d.session.Heartbeat(d.Context(), d.slots)
	must(d.T, err)
	if orders.Drill != d.id {
		d.Fatalf("it hears of the drill %q; want %q", orders.Drill, d.id)
	}
	must(d.T, d.session.Drilled(d.Context(), d.id))
}

// lose has the monitor miss the worker.
func (d *drilling) lose() {
	d.Helper()
	must(d.T, d.c.Redis().ZAdd(d.Context(), d.c.Keys().Workers(), redis.Z{Score: 1, Member: d.session.ID()}).Err())
	must(d.T, d.m.Reclaim(d.Context()))
}

// look has the monitor count, and reads what it counted.
func (d *drilling) look() *queue.Drill {
	d.Helper()
	must(d.T, d.m.Drill(d.Context()))
	got, err := d.c.GetDrill(d.Context(), d.id)
	must(d.T, err)
	return got
}

// is compares what can be counted: held, given, waiting, running, ended, run again, not run again, lost.
func (d *drilling) is(state queue.DrillState, want ...int64) {
	d.Helper()
	got := d.look()
	numbers := []int64{got.Held, got.Given, got.Waiting, got.Running, got.Ended, got.RunAgain, got.NotRunAgain, got.Lost}
	for i, n := range numbers {
		if n != want[i] || got.State != state {
			d.Fatalf("the drill is %s with %v; want %s with %v", got.State, numbers, state, want)
		}
	}
	if sum := got.Waiting + got.Running + got.Ended + got.Lost; sum != got.Total() {
		d.Errorf("%d tasks are counted of %d: %+v", sum, got.Total(), got)
	}
}

func (d *drilling) says(want string) {
	d.Helper()
	if got := d.look(); got.Summary != want {
		d.Errorf("it says %q; want %q", got.Summary, want)
	}
}

func TestADrillFollowsItsTasksToTheirEnds(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		d := newDrilling(t, c, 3, some(3, "t", queue.Task{Queue: "q"})...)
		d.is(queue.DrillAsked, 0, 0, 0, 0, 0, 0, 0, 0)
		d.hear()
		d.is(queue.DrillSilent, 3, 0, 3, 0, 0, 0, 0, 0)
		d.lose()
		d.is(queue.DrillRecovering, 3, 0, 3, 0, 0, 0, 0, 0)
		heir := register(t, c, "heir", 3, nil, "echo")
		_, leases := turn(t, heir, 2)
		d.is(queue.DrillRecovering, 3, 0, 1, 2, 0, 2, 0, 0)
		turn(t, heir, 0, leases[0])
		d.is(queue.DrillRecovering, 3, 0, 1, 1, 1, 2, 0, 0)
		_, more := turn(t, heir, 1)
		d.is(queue.DrillDone, 3, 0, 0, 2, 1, 3, 0, 0)
		d.says("0 lost, 3 run again.")
		turn(t, heir, 0, leases[1], more[0])
		d.is(queue.DrillDone, 3, 0, 0, 0, 3, 3, 0, 0)
		if n := c.Redis().Exists(t.Context(), c.Keys().Drilling(), c.Keys().Prefix()+"drill_tasks:"+d.id).Val(); n != 0 {
			t.Errorf("%d keys of what is under way are left", n)
		}
	})
}

func TestADrillCallsLostWhatRedisForgotOrWhatStandsNowhere(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		d := newDrilling(t, c, 4, some(4, "t", queue.Task{Queue: "q"})...)
		d.hear()
		d.lose()
		ctx, k := t.Context(), c.Keys()
		must(t, c.Redis().HDel(ctx, k.Tasks(), "t0").Err())
		must(t, c.Redis().HDel(ctx, k.States(), "t0").Err())
		must(t, c.Redis().LRem(ctx, k.TaskQueue("q", "5"), 0, "t0").Err())
		must(t, c.Redis().LRem(ctx, k.TaskQueue("q", "5"), 0, "t2").Err())
		d.is(queue.DrillRecovering, 4, 0, 2, 0, 0, 0, 0, 2)
		heir := register(t, c, "heir", 4, nil, "echo")
		_, leases := turn(t, heir, 4)
		d.is(queue.DrillDone, 4, 0, 0, 2, 0, 2, 0, 2)
		d.says("2 lost, 2 run again.")
		must(t, c.Redis().LRem(ctx, k.Processing(heir.ID()), 0, leases[0].ID).Err())
		d.is(queue.DrillDone, 4, 0, 0, 1, 0, 2, 0, 3)
	})
}

func TestADrillFindsATaskOnEveryListThatItMayStandOn(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		urgent := 9
		d := newDrilling(t, c, 3, queue.Task{ID: "urgent", Priority: &urgent}, queue.Task{ID: "later"}, queue.Task{ID: "plain"})
		d.hear()
		d.lose()
		turn(t, register(t, c, "other", 1, nil, "sleep"), 1) // it handles none of them, so they are set aside
		if n := c.Redis().LLen(t.Context(), c.Keys().TaskQueue(queue.DefaultQueue, "5@echo")).Val(); n != 2 {
			t.Fatalf("%d tasks are set aside; want 2", n)
		}
		must(t, c.Pause(t.Context(), queue.DefaultQueue))
		d.is(queue.DrillRecovering, 3, 0, 3, 0, 0, 0, 0, 0)
		must(t, c.Resume(t.Context(), queue.DefaultQueue))
		heir := register(t, c, "heir", 3, nil, "echo")
		_, leases := turn(t, heir, 3)
		var reports []workers.Report
		for _, l := range leases {
			reports = append(reports, workers.Report{TaskID: l.ID, Attempt: l.Attempt, Kind: workers.Retry, Outcome: queue.OutcomeError, Error: "no", Delay: time.Hour})
		}
		_, _, err := heir.Turn(t.Context(), reports, 0)
		must(t, err)
		d.is(queue.DrillDone, 3, 0, 3, 0, 0, 3, 0, 0)
	})
}

func TestADrillCountsWhatTheWorkerWasGivenAfterItStopped(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		d := newDrilling(t, c, 2, queue.Task{ID: "before"})
		d.hear()
		submit(t, c, queue.Task{ID: "after"})
		expectIDs(t, "the silent worker is given", held(t, c, d.session), "before after")
		d.lose()
		d.is(queue.DrillRecovering, 1, 1, 2, 0, 0, 0, 0, 0)
		turn(t, register(t, c, "heir", 2, nil, "echo"), 2)
		d.is(queue.DrillDone, 1, 1, 0, 2, 0, 2, 0, 0)
	})
}

func TestADrillSaysWhatEndedWithoutRunningAgain(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		d := newDrilling(t, c, 3, queue.Task{ID: "last", MaxAttempts: 1}, queue.Task{ID: "canceled"}, queue.Task{ID: "other"})
		_, err := c.Cancel(t.Context(), "canceled")
		must(t, err)
		d.hear()
		d.lose()
		d.is(queue.DrillRecovering, 3, 0, 1, 0, 2, 0, 2, 0)
		turn(t, register(t, c, "heir", 3, nil, "echo"), 3)
		d.says("0 lost, 1 run again, 2 ended without running again.")
	})
}

func TestWhatEndsBeforeTheWorkerHearsOfTheDrillIsNoneOfIt(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		d := newDrilling(t, c, 2, some(2, "t", queue.Task{})...)
		turn(t, d.session, 0, d.leases[0])
		d.hear()
		d.is(queue.DrillSilent, 1, 0, 1, 0, 0, 0, 0, 0)
	})
}

func TestAWorkerThatReallyDiesBeforeItHearsIsADrillAllTheSame(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		d := newDrilling(t, c, 1, queue.Task{ID: "t"})
		d.lose()
		d.is(queue.DrillRecovering, 1, 0, 1, 0, 0, 0, 0, 0)
		turn(t, register(t, c, "heir", 1, nil, "echo"), 1)
		d.says("0 lost, 1 run again.")
	})
}

func TestADrillIsVoidWhereTheWorkerLeavesBeforeItHears(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		d := newDrilling(t, c, 1, queue.Task{ID: "t"})
		turn(t, d.session, 0, d.leases[0])
		_, err := d.session.Drain(t.Context())
		must(t, err)
		_, err = d.session.Leave(t.Context())
		must(t, err)
		d.is(queue.DrillVoid, 0, 0, 0, 0, 0, 0, 0, 0)
		d.is(queue.DrillVoid, 0, 0, 0, 0, 0, 0, 0, 0)
	})
}

func TestADrillOfAnIdleWorkerIsDoneOnceItIsMissed(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		d := newDrilling(t, c, 1)
		d.hear()
		d.lose()
		d.is(queue.DrillDone, 0, 0, 0, 0, 0, 0, 0, 0)
		d.says("0 lost, 0 run again.")
	})
}

func TestADrillIsForgottenAfterADay(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		d := newDrilling(t, c, 1, queue.Task{ID: "t"})
		d.hear()
		ctx, k := t.Context(), c.Keys()
		for _, key := range []string{k.Drill(d.id), k.Prefix() + "drill_tasks:" + d.id} {
			if ttl := c.Redis().PTTL(ctx, key).Val(); ttl <= queue.DrillKept-time.Hour || ttl > queue.DrillKept {
				t.Errorf("%s is kept for %v; want a day", key, ttl)
			}
		}
		must(t, c.Redis().Del(ctx, k.Drill(d.id)).Err())
		d.lose()
		must(t, d.m.Drill(ctx))
		if n := c.Redis().SCard(ctx, k.Drilling()).Val(); n != 0 {
			t.Errorf("%d drills are still looked at", n)
		}
	})
}
