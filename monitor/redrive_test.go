package monitor_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// bench is a cell with one worker of many slots, on which the test runs tasks by hand.
type bench struct {
	t *testing.T
	c *queue.Client
	s *workers.Session
	m *monitor.Monitor
}

// eachBench runs test on both stores, with n tasks of the type "send" that failed with errors of one kind.
func eachBench(t *testing.T, n int, test func(b *bench, r *queue.Redrive)) {
	t.Helper()
	each(t, func(t *testing.T, c *queue.Client) {
		b := &bench{t: t, c: c, m: newMonitor(c)}
		b.s = register(t, c, "w", 1000, nil, "send")
		submit(t, c, some(n, "t", queue.Task{Type: "send", MaxAttempts: 2})...)
		b.end(b.started(), func(string) bool { return true })
		list, err := c.Failures(t.Context(), 0, nil)
		must(t, err)
		r, err := c.StartRedrive(t.Context(), queue.GroupID("send", "boom #"), n, list.Until)
		must(t, err)
		test(b, r)
	})
}

func (b *bench) started() []*queue.Task {
	b.t.Helper()
	_, leases := turn(b.t, b.s, 1000)
	return leases
}

// end ends attempts: those that fail for good, the others well.
func (b *bench) end(tasks []*queue.Task, fails func(id string) bool) {
	b.t.Helper()
	var reports []workers.Report
	for i, task := range tasks {
		r := workers.Report{TaskID: task.ID, Attempt: task.Attempt, Kind: workers.Complete, Outcome: queue.OutcomeOK}
		if fails(task.ID) {
			r.Kind, r.Outcome, r.Error, r.Reason = workers.Fail, queue.OutcomeError, fmt.Sprint("boom ", i), queue.ReasonNoRetry
		}
		reports = append(reports, r)
	}
	verdicts, _, err := b.s.Turn(b.t.Context(), reports, 0)
	must(b.t, err)
	if slices.ContainsFunc(verdicts, func(v workers.Verdict) bool { return v != workers.Recorded }) {
		b.t.Fatalf("verdicts %v", verdicts)
	}
}

func (b *bench) step() {
	b.t.Helper()
	must(b.t, b.m.Redrive(b.t.Context()))
}

// expect compares the record: "running 2: 9 waiting, 10 open, 1 ok, 0 failed, 0 skipped".
func (b *bench) expect(id, when, want string) {
	b.t.Helper()
	r, err := b.c.GetRedrive(b.t.Context(), id)
	must(b.t, err)
	got := fmt.Sprintf("%s%s %d: %d waiting, %d open, %d ok, %d failed, %d skipped", r.State, r.Reason, r.Stage, r.Waiting, r.Open,
		r.Succeeded, r.FailedAgain, r.Skipped)
	if got != want {
		b.t.Errorf("%s: %s; want %s", when, got, want)
	}
}

func never(string) bool  { return false }
func always(string) bool { return true }

func TestACanaryThatFailsAgainStopsTheRedrive(t *testing.T) {
	eachBench(t, 30, func(b *bench, r *queue.Redrive) {
		b.step()
		b.step()
		b.expect(r.ID, "at first", "running 1: 29 waiting, 1 open, 0 ok, 0 failed, 0 skipped")
		expectCounts(b.t, b.c, "default", "F=30 S=30 a=1 f=29")
		b.end(b.started(), always)
		b.step()
		b.step()
		b.expect(r.ID, "after it failed", "stoppedfailing 1: 29 waiting, 0 open, 0 ok, 1 failed, 0 skipped")
		expectCounts(b.t, b.c, "default", "F=31 S=30 f=30")
		keys, err := b.c.Redis().Exists(b.t.Context(), b.c.Keys().Redriving(), b.c.Keys().Prefix()+"redrive_ids:"+r.ID).Result()
		must(b.t, err)
		if keys != 0 {
			b.t.Error("its lists are kept although it ended")
		}
		// A monitor that listed the redrives before this end, and comes after it.
		must(b.t, b.c.Redis().HSet(b.t.Context(), b.c.Keys().Redriving(), r.Group, r.ID).Err())
		b.step()
		b.expect(r.ID, "after a late step", "stoppedfailing 1: 29 waiting, 0 open, 0 ok, 1 failed, 0 skipped")
	})
}

func TestACanaryThatWaitsForARetryFailedAgain(t *testing.T) {
	eachBench(t, 3, func(b *bench, r *queue.Redrive) {
		b.step()
		task := b.started()[0]
		_, _, err := b.s.Turn(b.t.Context(), []workers.Report{{TaskID: task.ID, Attempt: 1, Kind: workers.Retry, Outcome: queue.OutcomeError, Error: "boom"}}, 0)
		must(b.t, err)
		_, err = b.c.RunNow(b.t.Context(), task.ID) // and so before anybody saw it wait
		must(b.t, err)
		b.end(b.started(), never)
		b.step()
		b.expect(r.ID, "after a second attempt", "stoppedfailing 1: 2 waiting, 0 open, 0 ok, 1 failed, 0 skipped")
	})
}

func TestARedriveGoesOnToAllWhileTheyDoNotFail(t *testing.T) {
	eachBench(t, 400, func(b *bench, r *queue.Redrive) {
		for _, stage := range []struct {
			open int
			want string
		}{
			{1, "running 1: 399 waiting, 1 open, 0 ok, 0 failed, 0 skipped"},
			{10, "running 2: 389 waiting, 10 open, 1 ok, 0 failed, 0 skipped"},
			{250, "running 3: 139 waiting, 250 open, 11 ok, 0 failed, 0 skipped"},
			{139, "running 3: 0 waiting, 139 open, 261 ok, 0 failed, 0 skipped"},
		} {
			b.step()
			b.expect(r.ID, "before they ended", stage.want)
			tasks := b.started()
			if len(tasks) != stage.open {
				b.t.Fatalf("%d run again; want %d", len(tasks), stage.open)
			}
			b.end(tasks, never)
		}
		b.step()
		b.expect(r.ID, "at the end", "done 3: 0 waiting, 0 open, 400 ok, 0 failed, 0 skipped")
		expectCounts(b.t, b.c, "default", "C=400 F=400 S=400 c=400")
	})
}

func TestARedriveStopsWhenMoreThanATenthFailsAgain(t *testing.T) {
	eachBench(t, 400, func(b *bench, r *queue.Redrive) {
		n := 0
		once := func(string) bool { n++; return n == 1 }
		b.step()
		b.end(b.started(), never)
		b.step()
		b.end(b.started(), once)
		b.step()
		b.expect(r.ID, "after one of eleven", "running 3: 139 waiting, 250 open, 10 ok, 1 failed, 0 skipped")
		tasks := b.started()
		b.end(tasks[:19], once)
		b.end(tasks[19:21], always)
		b.step()
		b.expect(r.ID, "after 3 of 32", "running 3: 118 waiting, 250 open, 29 ok, 3 failed, 0 skipped")
		b.end(tasks[21:22], always)
		b.step()
		b.expect(r.ID, "after 4 of 33", "stoppedfailing 3: 118 waiting, 249 open, 29 ok, 4 failed, 0 skipped")
	})
}

func TestARedriveTouchesOnlyWhatWasCounted(t *testing.T) {
	eachBench(t, 12, func(b *bench, r *queue.Redrive) {
		fresh := submit(b.t, b.c, some(5, "new", queue.Task{Type: "send"})...)
		b.end(b.started(), always)
		// t0 was counted, and ran and failed anew by somebody else's word: that is another failure.
		_, err := b.c.Redrive(b.t.Context(), "t0")
		must(b.t, err)
		b.end(b.started(), always)
		must(b.t, b.c.Delete(b.t.Context(), "t1"))
		for range 4 {
			b.step()
			b.end(b.started(), never)
		}
		b.step()
		b.expect(r.ID, "at the end", "done 2: 0 waiting, 0 open, 10 ok, 0 failed, 2 skipped")
		for _, id := range append(fresh, "t0") {
			if got := get(b.t, b.c, id); got.State != queue.Failed || got.Attempt != 1 {
				b.t.Errorf("%s is %s after attempt %d", id, got.State, got.Attempt)
			}
		}
	})
}

func TestACanceledCanaryProvesNothing(t *testing.T) {
	eachBench(t, 3, func(b *bench, r *queue.Redrive) {
		b.step()
		_, err := b.c.Cancel(b.t.Context(), "t0")
		must(b.t, err)
		b.step()
		b.expect(r.ID, "after the first was canceled", "running 1: 1 waiting, 1 open, 0 ok, 0 failed, 1 skipped")
	})
}

func TestARedriveSurvivesItsMonitorAndTwoDoItOnce(t *testing.T) {
	eachBench(t, 40, func(b *bench, r *queue.Redrive) {
		b.step()
		b.end(b.started(), never)
		one, two := newMonitor(b.c), newMonitor(b.c) // the first one is no more
		for range 3 {
			errs := make(chan error, 2)
			for _, m := range []*monitor.Monitor{one, two} {
				go func() { errs <- m.Redrive(b.t.Context()) }()
			}
			must(b.t, <-errs)
			must(b.t, <-errs)
		}
		b.expect(r.ID, "in the second stage", "running 2: 29 waiting, 10 open, 1 ok, 0 failed, 0 skipped")
		expectCounts(b.t, b.c, "default", "C=1 F=40 S=40 a=10 c=1 f=29")
	})
}

func TestARedriveStopsWhenAsked(t *testing.T) {
	eachBench(t, 40, func(b *bench, r *queue.Redrive) {
		b.step()
		b.end(b.started(), never)
		_, err := b.c.StopRedrive(b.t.Context(), r.ID)
		must(b.t, err)
		b.step()
		b.expect(r.ID, "after the word", "stoppedasked 1: 39 waiting, 0 open, 1 ok, 0 failed, 0 skipped")
		expectCounts(b.t, b.c, "default", "C=1 F=40 S=40 c=1 f=39")
		list, err := b.c.Failures(b.t.Context(), 0, nil)
		must(b.t, err)
		_, err = b.c.StartRedrive(b.t.Context(), r.Group, 39, list.Until)
		must(b.t, err) // the group is free for another
	})
}
