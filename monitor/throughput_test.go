package monitor_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
	"github.com/xuniquepatel/queue-pilot/monitor"
)

// noted puts notes of that many minutes before Redis's now into the list, the oldest first; each is "minutes:totals".
func noted(t *testing.T, c *queue.Client, notes ...string) {
	t.Helper()
	now, err := c.Redis().Time(t.Context()).Result()
	must(t, err)
	for _, note := range notes {
		var minutes int
		ago, totals, _ := strings.Cut(note, ":")
		_, err := fmt.Sscan(ago, &minutes)
		must(t, err)
		line := fmt.Sprint(now.Add(-time.Duration(minutes)*time.Minute).UnixMilli(), "|", totals)
		must(t, c.Redis().RPush(t.Context(), c.Keys().Throughput(), line).Err())
	}
}

// notes are the totals that stand in the list, without their times: "1|0|0 5|3|1".
func notes(t *testing.T, c *queue.Client) string {
	t.Helper()
	var parts []string
	for _, line := range list(t, c, c.Keys().Throughput()) {
		_, totals, _ := strings.Cut(line, "|")
		parts = append(parts, totals)
	}
	return strings.Join(parts, " ")
}

func TestTheTotalsOfAllQueuesAreNoted(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		w := register(t, c, "w", 2, nil, "echo")
		submit(t, c, queue.Task{ID: "a"}, queue.Task{ID: "b", Queue: "mail"}, queue.Task{ID: "c", Queue: "mail", Delay: time.Hour})
		_, leases := turn(t, w, 1)
		turn(t, w, 0, leases...)
		noted(t, c, "1:1|0|0")
		must(t, newMonitor(c).NoteTotals(t.Context()))
		if got := notes(t, c); got != "1|0|0 3|1|0" {
			t.Errorf("noted %q; want 3 submitted and 1 completed after what was there", got)
		}
		read, err := monitor.ReadNotes(t.Context(), c)
		must(t, err)
		now, err := c.Redis().Time(t.Context()).Result()
		must(t, err)
		if last := read[len(read)-1]; last.Submitted != 3 || last.Completed != 1 || last.Failed != 0 || now.Sub(last.At) < 0 || now.Sub(last.At) > patience {
			t.Errorf("read as %+v at %v", last, now)
		}
	})
}

// The minute may end between two of its steps: then there are two notes, of different minutes.
func TestEachMinuteIsNotedOnceByHoweverManyMonitors(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		var all sync.WaitGroup
		for range 4 {
			m := newMonitor(c)
			all.Go(func() {
				for range 10 {
					if err := m.NoteTotals(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		read, err := monitor.ReadNotes(t.Context(), c)
		must(t, err)
		for i, s := range read {
			if i > 0 && s.At.Truncate(time.Minute).Equal(read[i-1].At.Truncate(time.Minute)) {
				t.Errorf("one minute has two notes: %v and %v", read[i-1].At, s.At)
			}
		}
		if len(read) < 1 || len(read) > 2 {
			t.Errorf("%d notes after some moments; want one", len(read))
		}
	})
}

func TestADayOfNotesIsKept(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		day := make([]string, monitor.MostNotes+5)
		for i := range day {
			day[i] = fmt.Sprintf("%d:%d|0|0", len(day)-i, i)
		}
		noted(t, c, day...)
		must(t, newMonitor(c).NoteTotals(t.Context()))
		kept := list(t, c, c.Keys().Throughput())
		if len(kept) != monitor.MostNotes || !strings.HasSuffix(kept[0], "|6|0|0") || !strings.HasSuffix(kept[len(kept)-1], "|0|0|0") {
			t.Errorf("%d notes are kept, from %s to %s; want the newest %d", len(kept), kept[0], kept[len(kept)-1], monitor.MostNotes)
		}
	})
}

func TestWhatTheFutureNotedIsForgotten(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		noted(t, c, "3:1|0|0", "-60:7|0|0", "-61:9|0|0")
		must(t, newMonitor(c).NoteTotals(t.Context()))
		if got := notes(t, c); got != "1|0|0 0|0|0" {
			t.Errorf("noted %q; want what was before the clock was set back, and now", got)
		}
	})
}

func TestADamagedNoteSpoilsNoOther(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		noted(t, c, "5:1|0|0", "4:x|0|0", "3:1|2", "2:-4|0|0", "1:5|0|0", "7:6|0|0")
		must(t, c.Redis().RPush(t.Context(), c.Keys().Throughput(), "garbage").Err())
		read, err := monitor.ReadNotes(t.Context(), c)
		must(t, err)
		if len(read) != 2 || read[0].Submitted != 1 || read[1].Submitted != 5 {
			t.Errorf("read %+v; want the two that are whole and in order", read)
		}
		must(t, newMonitor(c).NoteTotals(t.Context()))
		if got := list(t, c, c.Keys().Throughput()); !strings.HasSuffix(got[len(got)-1], "|0|0|0") {
			t.Errorf("after garbage nothing is noted: %v", got)
		}
	})
}

func TestARunningMonitorNotesAndTheNotesOutliveIt(t *testing.T) {
	rdb := redistest.New(t)
	c := queue.New(redistest.Open(t, rdb.URL()))
	noted(t, c, "2:4|2|1")
	stop := run(t, newMonitor(c))
	eventually(t, "a monitor's note", func() bool { return len(list(t, c, c.Keys().Throughput())) == 2 })
	stop()
	rdb.Stop()
	rdb.Start()
	var read []monitor.Sample
	eventually(t, "the notes after a restart", func() bool {
		var err error
		read, err = monitor.ReadNotes(t.Context(), c)
		return err == nil
	})
	if len(read) != 2 || read[0].Submitted != 4 || read[0].Completed != 2 || read[0].Failed != 1 {
		t.Errorf("read %+v after a restart", read)
	}
}

func TestTotalsAreNotedWithoutMemory(t *testing.T) {
	rdb := redistest.New(t)
	c := queue.New(redistest.Open(t, rdb.URL()))
	noted(t, c, "2:4|2|1")
	must(t, c.Redis().ConfigSet(t.Context(), "maxmemory", "1").Err())
	must(t, newMonitor(c).NoteTotals(t.Context()))
	if got := notes(t, c); got != "4|2|1 0|0|0" {
		t.Errorf("noted %q", got)
	}
}
