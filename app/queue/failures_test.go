package queue_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

// fail makes submitted tasks failed ones, as workers/finish.lua does, which this package may not import.
func fail(t *testing.T, c *queue.Client, at int64, err string, ids ...string) {
	t.Helper()
	_, wrong := c.Redis().Pipelined(t.Context(), func(p redis.Pipeliner) error {
		for _, id := range ids {
			p.LRem(t.Context(), c.Keys().TaskQueue(get(t, c, id).Queue, "5"), 1, id)
			p.HSet(t.Context(), c.Keys().States(), id, fmt.Sprintf("f|1|0|w|0|1|1|%d|0|error|%s", at, err))
			p.ZAdd(t.Context(), c.Keys().Index(queue.Failed), redis.Z{Score: float64(at), Member: id})
		}
		return nil
	})
	if wrong != nil {
		t.Fatal(wrong)
	}
}

func failures(t *testing.T, c *queue.Client, until int64, known *queue.Failures) *queue.Failures {
	t.Helper()
	list, err := c.Failures(t.Context(), until, known)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// groups writes them a line each: type, fingerprint, count, queues, first and last seen in ms.
func groups(list *queue.Failures, q, kind string, now int64) []string {
	var lines []string
	for _, g := range list.Groups(q, kind, time.UnixMilli(now)) {
		lines = append(lines, fmt.Sprintf("%s: %s: %d %v %d-%d", g.Type, g.Fingerprint, g.Count, g.Queues,
			g.FirstSeen.UnixMilli(), g.LastSeen.UnixMilli()))
	}
	return lines
}

func expectLines(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q; want %q", what, got, want)
	}
}

func TestFailuresAreGroupedByTypeAndFingerprint(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "a", Queue: "mail", Type: "send"}, queue.Task{ID: "b", Type: "send"},
			queue.Task{ID: "c", Type: "send"}, queue.Task{ID: "d", Type: "other"}, queue.Task{ID: "e"})
		fail(t, c, 1000, "timeout after 3.2s\nat x", "a")
		fail(t, c, 2000, "timeout after 9s", "b", "d")
		fail(t, c, 3000, "no such 'user'", "c")
		list := failures(t, c, 0, nil)
		expectLines(t, "all", groups(list, "", "", 4000), "send: timeout after #: 2 [default mail] 1000-2000",
			"send: no such '…': 1 [default] 3000-3000", "other: timeout after #: 1 [default] 2000-2000")
		expectLines(t, "queue mail", groups(list, "mail", "", 4000), "send: timeout after #: 1 [mail] 1000-1000")
		expectLines(t, "type other", groups(list, "", "other", 4000), "other: timeout after #: 1 [default] 2000-2000")
		expectLines(t, "until 1999", groups(failures(t, c, 1999, nil), "", "", 4000), "send: timeout after #: 1 [mail] 1000-1000")
		if list.Total != 4 || list.Until != 3000 || list.Partial() {
			t.Errorf("total %d until %d partial %v", list.Total, list.Until, list.Partial())
		}
		expectLines(t, "the ids of a group, oldest first", list.Group(queue.GroupID("send", "timeout after #")), "a", "b")
	})
}

func TestWhatIsKnownOfFailuresIsNotReadAgain(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "a"}, queue.Task{ID: "b"}, queue.Task{ID: "c"})
		fail(t, c, 1000, "boom 1", "a", "b")
		first := failures(t, c, 0, nil)
		if again := failures(t, c, 0, first); again != first {
			t.Error("nothing changed, and another answer came")
		}
		fail(t, c, 2000, "boom 2", "c")
		if _, err := c.Redrive(t.Context(), "b"); err != nil {
			t.Fatal(err)
		}
		second := failures(t, c, 0, first)
		expectLines(t, "after one came and one went", groups(second, "", "", 3000), "echo: boom #: 2 [default] 1000-2000")
		if second.Items[0].Kind != first.Items[0].Kind {
			t.Error("one kind is kept twice")
		}
		if first.Items[0].Kind.Example != "boom 1" {
			t.Errorf("the example is %q", first.Items[0].Kind.Example)
		}
	})
}

func TestNoMoreThanTheNewestFailuresAreRead(t *testing.T) {
	c := open(t, redistest.Server(t))
	const n = queue.MaxFailures + 300
	tasks := make([]queue.Task, n)
	ids := make([]string, n)
	for i := range tasks {
		ids[i] = fmt.Sprintf("t%05d", i)
		tasks[i] = queue.Task{ID: ids[i]}
	}
	for part := range slices.Chunk(tasks, 1000) {
		submit(t, c, part...)
	}
	_, err := c.Redis().Pipelined(t.Context(), func(p redis.Pipeliner) error {
		for i, id := range ids {
			p.HSet(t.Context(), c.Keys().States(), id, fmt.Sprintf("f|1|0|w|0|1|1|%d|0|error|boom", 1000+i))
			p.ZAdd(t.Context(), c.Keys().Index(queue.Failed), redis.Z{Score: float64(1000 + i), Member: id})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	list := failures(t, c, 0, nil)
	if len(list.Items) != queue.MaxFailures || list.Total != n || !list.Partial() || list.Items[0].ID != ids[n-1] {
		t.Errorf("%d of %d, partial %v, newest %s", len(list.Items), list.Total, list.Partial(), list.Items[0].ID)
	}
	fail(t, c, 50000, "other", ids[0])
	if again := failures(t, c, 0, list); again.Items[0].ID != ids[0] || len(again.Items) != queue.MaxFailures {
		t.Errorf("%d, newest %s", len(again.Items), again.Items[0].ID)
	}
}

func TestMinutesOfAGroupAreThoseOfTheLastHour(t *testing.T) {
	c := open(t, redistest.Server(t))
	submit(t, c, queue.Task{ID: "a"}, queue.Task{ID: "b"}, queue.Task{ID: "c"})
	const now = 10_000_000
	fail(t, c, now, "x", "a")
	fail(t, c, now-59*60_000, "x", "b")
	fail(t, c, now-61*60_000, "x", "c")
	g := failures(t, c, 0, nil).Groups("", "", time.UnixMilli(now))[0]
	if g.LastHour != 2 || g.Minutes[59] != 1 || g.Minutes[0] != 1 || g.Count != 3 {
		t.Errorf("%+v", g)
	}
}

func TestARedriveIsStartedOnceAndOfTheCountAlone(t *testing.T) {
	each(t, func(t *testing.T, c *queue.Client) {
		submit(t, c, queue.Task{ID: "a"}, queue.Task{ID: "b"}, queue.Task{ID: "c"})
		fail(t, c, 1000, "boom", "a", "b")
		list := failures(t, c, 0, nil)
		group := list.Items[0].Kind.Group
		fail(t, c, 2000, "boom", "c")
		var count *queue.CountError
		if _, err := c.StartRedrive(t.Context(), group, 2, 0); !errors.As(err, &count) || *count != (queue.CountError{Given: 2, Count: 3}) {
			t.Errorf("another count: %v", err)
		}
		if _, err := c.StartRedrive(t.Context(), "0123456789ab", 2, 0); !errors.Is(err, queue.ErrNotFound) {
			t.Errorf("no such group: %v", err)
		}
		r, err := c.StartRedrive(t.Context(), group, 2, list.Until)
		if err != nil || r.Total != 2 || r.State != queue.RedriveRunning || r.Stage != 1 || r.Waiting != 2 || r.Fingerprint != "boom" {
			t.Fatalf("%+v, %v", r, err)
		}
		if _, err := c.StartRedrive(t.Context(), group, 3, 0); !errors.Is(err, queue.ErrRedriving) {
			t.Errorf("a second one: %v", err)
		}
		if r, err = c.StopRedrive(t.Context(), r.ID); err != nil || !r.Asked {
			t.Errorf("stop: %+v, %v", r, err)
		}
		if _, err := c.StopRedrive(t.Context(), "nobody"); !errors.Is(err, queue.ErrNotFound) {
			t.Errorf("stop of none: %v", err)
		}
		if all, err := c.Redrives(t.Context()); err != nil || len(all) != 1 || all[0] != *r {
			t.Errorf("listed: %+v, %v", all, err)
		}
	})
}
