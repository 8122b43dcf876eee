package live

import (
	"errors"
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

// fail makes submitted tasks failed ones; the hint comes with the next submit.
func (w *world) fail(at int64, text string, ids ...string) {
	w.Helper()
	_, err := w.client.Redis().Pipelined(w.ctx, func(p redis.Pipeliner) error {
		for _, id := range ids {
			p.HSet(w.ctx, w.client.Keys().States(), id, fmt.Sprintf("f|1|0|w|0|1|1|%d|0|error|%s", at, text))
			p.ZAdd(w.ctx, w.client.Keys().Index(queue.Failed), redis.Z{Score: float64(at), Member: id})
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
}

func TestWhoLooksAtTheGroupsIsToldOfNewFailures(t *testing.T) {
	w := newWorld(t)
	w.submit("a", "b")
	w.fail(1000, "boom 1", "a")
	v, err := w.hub.Failed(w.ctx, "", "")
	if err != nil || len(v.Model.Rows) != 1 || v.Model.Rows[0].Count != "1" {
		t.Fatalf("%+v, %v", v.Model, err)
	}
	group := queue.GroupID("echo", "boom #")
	c := w.dial("/ws/ui")
	w.sub(c, v.Mark)
	w.fail(2000, "boom 2", "b")
	w.submit("c")
	w.until(c, "the count of the group", func(m message) bool { return m.V["f:"+group+":count"] == "2" })
	one, err := w.hub.FailureGroup(w.ctx, group)
	if err != nil || one.Model.Row.Count != "2" {
		t.Errorf("the group's page: %+v, %v", one.Model, err)
	}
	if _, err := w.hub.FailureGroup(w.ctx, "0123456789ab"); !errors.Is(err, queue.ErrNotFound) {
		t.Errorf("a group that is none: %v", err)
	}
}

func TestAllTopicsShareOneReadOfTheFailures(t *testing.T) {
	w := newWorld(t)
	w.submit("a")
	w.fail(1000, "boom", "a")
	first, err := w.hub.failures.read(w.ctx, w.client)
	if err != nil {
		t.Fatal(err)
	}
	w.fail(2000, "other", "a")
	for range 3 {
		if again, err := w.hub.failures.read(w.ctx, w.client); again != first || err != nil {
			t.Fatalf("%v was read anew within its time: %v", again, err)
		}
	}
	redistest.Eventually(t, "another read when its time is over", func() bool {
		again, err := w.hub.failures.read(w.ctx, w.client)
		return err == nil && again != first
	})
}

func TestTopicsOfFailedTasksAreNamedStrictly(t *testing.T) {
	for name, ok := range map[string]bool{
		"failed": true, "failed?queue=a": true, "failed:0123456789ab": true, "failed:0123": false, "failed?%zz": false, "failedx": false,
	} {
		if _, err := newSource(name); (err == nil) != ok {
			t.Errorf("topic %q: %v", name, err)
		}
	}
}
