package views

import (
	"strings"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

func sampleGroup(text string, count int) queue.FailureGroup {
	kind := &queue.FailureKind{Group: "0123456789ab", Type: text, Fingerprint: text, Example: text}
	g := queue.FailureGroup{
		FailureKind: kind, Count: count, FirstSeen: at(3700), LastSeen: at(12), Queues: []string{"email", text}, LastHour: 3,
		Newest: []queue.Failure{{ID: text, Queue: text, Kind: kind, At: at(12).UnixMilli()}},
	}
	g.Minutes[30], g.Minutes[59] = 1, 2
	return g
}

func sampleFailed(text string) FailedData {
	return FailedData{
		Snap: sampleSnapshot(text), Failures: &queue.Failures{Items: make([]queue.Failure, queue.MaxFailures), Total: 25_000},
		Groups: []queue.FailureGroup{sampleGroup(text, 120)}, Queue: text, Type: text, Now: noon,
		Redrives: []queue.Redrive{{
			ID: text, Group: "0123456789ab", Type: text, Fingerprint: text, Example: text, State: queue.RedriveRunning, Stage: 3, Total: 120,
			Waiting: 20, Open: 80, Succeeded: 19, FailedAgain: 1, StartedAt: queue.Time{Time: at(5)},
		}},
	}
}

func sampleAsk(text string) RedriveAsk {
	g := sampleGroup(text, 120)
	ask := NewRedriveAsk(&g, noon.UnixMilli())
	ask.Wrong = text
	return ask
}

func TestARedriveSaysWhatItDoesAndHowItEnded(t *testing.T) {
	for _, c := range []struct {
		r    queue.Redrive
		want string
	}{
		{queue.Redrive{State: queue.RedriveRunning, Stage: 1, Total: 9}, "One task runs again. If it succeeds, ten more follow, then the rest."},
		{queue.Redrive{State: queue.RedriveStopped, Reason: queue.RedriveFailing, Stage: 1, Total: 120, Waiting: 119, FailedAgain: 1}, "1 of 1 failed again: stopped. Nothing else was touched."},
		{queue.Redrive{State: queue.RedriveStopped, Reason: queue.RedriveFailing, Stage: 3, Total: 500, Waiting: 1, Open: 249, Succeeded: 220, FailedAgain: 30}, "30 of 250 failed again: stopped. 1 task not touched, 249 still under way."},
		{queue.Redrive{State: queue.RedriveStopped, Reason: queue.RedriveAsked, Total: 50, Waiting: 39, Succeeded: 11}, "Stopped as you asked: 0 of 11 failed again. 39 tasks not touched, 0 still under way."},
		{queue.Redrive{State: queue.RedriveDone, Total: 1200, Succeeded: 1199, FailedAgain: 1}, "All 1,200 had their turn: 1 of 1,200 failed again."},
	} {
		if got := redriveSentence(&c.r); got != c.want {
			t.Errorf("%+v says %q; want %q", c.r, got, c.want)
		}
	}
}

func TestALargeRedriveIsConfirmedByItsCount(t *testing.T) {
	small, large := sampleGroup("x", 100), sampleGroup("x", 101)
	if a, b := NewRedriveAsk(&small, 1), NewRedriveAsk(&large, 1); a.Typed || !b.Typed || b.Count != "101" {
		t.Errorf("100 typed %v, 101 typed %v", a.Typed, b.Typed)
	}
}

func TestTheGroupsSayWhatTheyAreOf(t *testing.T) {
	m := NewFailed(sampleFailed("x"))
	if want := "120 failed tasks in 1 group, of the newest 10,000 of 25,000 failed tasks."; m.Note != want {
		t.Errorf("got %q; want %q", m.Note, want)
	}
	if got := m.Rows[0].Spark; !strings.HasPrefix(got, "M0 23") || !strings.HasSuffix(got, "L120 1") {
		t.Errorf("the line of the last hour is %q", got)
	}
}
