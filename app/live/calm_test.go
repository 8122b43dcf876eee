package live

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/views"
)

// newest submits so many tasks and returns them, newest first.
func (w *world) newest(name string, n int) []queue.Task {
	w.Helper()
	var tasks []queue.Task
	for i := range n {
		id := fmt.Sprint(name, i+1)
		w.submit(id)
		tasks = append(tasks, queue.Task{ID: id, State: queue.Pending})
	}
	slices.Reverse(tasks)
	return tasks
}

func idsOf(tasks []queue.Task) []string {
	var ids []string
	for _, t := range tasks {
		ids = append(ids, t.ID)
	}
	return ids
}

func (l *calmList) mustTake(w *world, newest []queue.Task, now time.Time, want []queue.Task) {
	w.Helper()
	if err := l.take(w.ctx, w.client, newest, now); err != nil {
		w.Fatal(err)
	}
	if got := idsOf(l.rows); !slices.Equal(got, idsOf(want)) {
		w.Errorf("shows %v; want %v", got, idsOf(want))
	}
}

func TestAListOfTheNewestChangesItsRowsOnceInFiveSecondsWhereManyCome(t *testing.T) {
	w, l, now := newWorld(t), calmList{size: 3}, time.Now()
	first, second := w.newest("A", 3), w.newest("B", 3)
	l.mustTake(w, first, now, first)
	l.mustTake(w, second, now.Add(time.Second), first)
	l.mustTake(w, second, now.Add(calmFor), second)
}

func TestAListOfTheNewestShowsARowAtOnceWhereFewCome(t *testing.T) {
	w, l, now := newWorld(t), calmList{size: 3}, time.Now()
	tasks := w.newest("A", 5) // A5, the newest, first
	l.mustTake(w, tasks[2:], now, tasks[2:])
	l.mustTake(w, tasks[1:4], now.Add(2*time.Second), tasks[1:4])
	l.mustTake(w, tasks[:3], now.Add(4*time.Second), tasks[:3])
}

func TestARowThatStaysShowsItsStateAsItIsNow(t *testing.T) {
	w, l, now := newWorld(t), calmList{size: 2}, time.Now()
	first, second := w.newest("A", 2), w.newest("B", 2)
	l.mustTake(w, first, now, first)
	w.cancel("A1")
	l.mustTake(w, second, now.Add(time.Second), first)
	if got := l.rows[1].State; got != queue.Canceled {
		t.Errorf("A1 is shown as %s; want canceled", got)
	}
}

func TestAPageThatIsAskedForShowsTheNewestRows(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"A", "B", "C"} {
		w.newest(name, 9)
		v, err := w.hub.Overview(w.ctx, views.Spans[0])
		if err != nil {
			t.Fatal(err)
		}
		if got, want := v.Model.Latest[0].ID, name+"9"; got != want {
			t.Errorf("the first of the latest tasks is %s; want %s", got, want)
		}
	}
}

func TestARowThatHasNotEndedIsFollowedHoweverManyComeAfterIt(t *testing.T) {
	w := newWorld(t)
	src, err := newTasksSource("")
	if err != nil {
		t.Fatal(err)
	}
	load := func() {
		t.Helper()
		if err := src.load(w.ctx, w.client); err != nil {
			t.Fatal(err)
		}
	}
	w.submit("waits")
	load()
	for round := range 3 * maxTracked / PageSize {
		for _, task := range w.newest(fmt.Sprint("R", round, "-"), PageSize) {
			w.cancel(task.ID)
		}
		load()
	}
	if !slices.Contains(src.tracked, "waits") || len(src.tracked) > maxTracked {
		t.Errorf("of %d rows that are followed none is the one that waits, or they are more than %d", len(src.tracked), maxTracked)
	}
}
