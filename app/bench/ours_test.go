package bench

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
	"github.com/xuniquepatel/queue-pilot/monitor"
)

func ours(t testing.TB) *Ours {
	t.Helper()
	o := &Ours{URL: redistest.Server(t)}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

// totals reads what Redis knows by now.
func totals(t testing.TB, o *Ours) monitor.Totals {
	t.Helper()
	client, err := o.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, err := monitor.ReadSnapshot(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	return s.Totals
}

func TestThePayloadIsAJSONStringOf128Bytes(t *testing.T) {
	if name := (&Ours{}).Name(); name != "QueuePilot" {
		t.Errorf("Name() = %q", name)
	}
	if got := Payload(); len(got) != PayloadBytes || PayloadBytes != 128 || !json.Valid(got) || got[0] != '"' {
		t.Errorf("Payload() = %s (%d bytes)", got, len(got))
	}
}

func TestSubmitSendsExactlyNTasksHoweverTheyAreDivided(t *testing.T) {
	o := ours(t)
	for _, tc := range []struct{ n, producers, batch int }{{1, 1, 1}, {7, 3, 1}, {1001, 1, 250}, {999, 4, 100}, {2, 8, 10}} {
		if err := o.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := o.Submit(t.Context(), tc.n, tc.producers, tc.batch); err != nil {
			t.Fatal(err)
		}
		if got := totals(t, o); got.Pending != int64(tc.n) || got.SubmittedTotal != int64(tc.n) {
			t.Errorf("Submit%+v left %+v; want %d pending", tc, got, tc.n)
		}
	}
}

func TestDrainAndBothReturnWhenAllOutcomesAreRecorded(t *testing.T) {
	o := ours(t)
	const n = 500
	if err := o.Submit(t.Context(), n, 2, 100); err != nil {
		t.Fatal(err)
	}
	took, err := o.Drain(t.Context(), n, 16)
	if got := totals(t, o); err != nil || took <= 0 || got.Completed != n || got.Pending+got.Assigned+got.Running != 0 {
		t.Errorf("Drain took %v, %v and left %+v; want %d completed", took, err, got, n)
	}
	took, err = o.Both(t.Context(), n, 4, 16)
	if got := totals(t, o); err != nil || took <= 0 || got.Completed != 2*n || got.Workers != 0 {
		t.Errorf("Both took %v, %v and left %+v; want %d completed, and no worker", took, err, got, 2*n)
	}
}

func TestPickUpReturnsATimeForEachSample(t *testing.T) {
	o := ours(t)
	took, err := o.PickUp(t.Context(), 10)
	if err != nil || len(took) != 10 {
		t.Fatalf("PickUp returned %v, %v; want 10 samples", took, err)
	}
	for i, d := range took {
		if d <= 0 || d > time.Minute {
			t.Errorf("sample %d took %v", i, d)
		}
	}
}

func TestBytesIsMoreThanThePayloadAndLessThanAKilobyte(t *testing.T) {
	o := ours(t)
	got, err := o.Bytes(t.Context(), 5000)
	if err != nil || got < PayloadBytes || got > 1024 {
		t.Errorf("Bytes = %v, %v; want %d to 1024", got, err, PayloadBytes)
	}
	if left := totals(t, o); left.Pending != 5000 {
		t.Errorf("Bytes left %d pending tasks; want 5000", left.Pending)
	}
}

func TestResetLeavesNothing(t *testing.T) {
	o := ours(t)
	if err := o.Submit(t.Context(), 3, 1, 3); err != nil {
		t.Fatal(err)
	}
	if err := o.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	n, err := o.client.Redis().DBSize(t.Context()).Result()
	if err != nil || n != 0 {
		t.Errorf("Reset left %d keys, %v", n, err)
	}
}
