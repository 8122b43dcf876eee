package monitor

import (
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

func TestRatesBeginAnewWhenTheClockIsSetBack(t *testing.T) {
	var meter rateMeter
	now := time.Now()
	note := func(after time.Duration, completed int64) Rates {
		return meter.note(&Snapshot{At: queue.Time{Time: now.Add(after)}, Totals: Totals{CompletedTotal: completed}})
	}
	for i := range int64(5) {
		note(time.Hour+time.Duration(i)*time.Second, 100*i)
	}
	for i := range int64(30) {
		if got := note(time.Duration(i)*time.Second, 500+10*i).Completed; got > 10 {
			t.Fatalf("%d s after the clock was set back %v are completed a second; want at most 10", i, got)
		}
	}
	if n := len(meter.samples); n > 12 {
		t.Errorf("%d samples are kept; want those of 10 s", n)
	}
}
