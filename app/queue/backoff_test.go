package queue

import (
	"math"
	"testing"
	"time"
)

func TestBackoffGrowsByItsStrategyUpToItsMost(t *testing.T) {
	exact := func(s Strategy, base, most time.Duration) Backoff {
		return Backoff{Strategy: s, Base: base, Max: most, NoJitter: true}
	}
	const never = math.MaxInt64 * time.Nanosecond
	for _, tc := range []struct {
		b    Backoff
		n    int
		want time.Duration
	}{
		{Backoff{NoJitter: true}, 2, time.Second},
		{Backoff{NoJitter: true}, 3, 2 * time.Second},
		{Backoff{NoJitter: true}, 5, 8 * time.Second},
		{Backoff{NoJitter: true}, 13, 2048 * time.Second},
		{Backoff{NoJitter: true}, 14, time.Hour},
		{Backoff{NoJitter: true}, 1000, time.Hour},
		{exact(Exponential, time.Hour, time.Minute), 2, time.Minute},
		{exact(Exponential, maxSpan, maxSpan), 1000, maxSpan},
		{exact(Linear, time.Second, time.Minute), 2, time.Second},
		{exact(Linear, time.Second, time.Minute), 4, 3 * time.Second},
		{exact(Linear, time.Second, time.Minute), 61, time.Minute},
		{exact(Linear, time.Second, time.Minute), 1000, time.Minute},
		{exact(Linear, maxSpan, maxSpan), math.MaxInt, maxSpan},
		{exact(Linear, 2*time.Second, time.Second), 2, time.Second},
		{exact(Linear, 700*time.Millisecond, time.Second), 3, time.Second},
		{exact(Fixed, 3*time.Second, 0), 2, 3 * time.Second},
		{exact(Fixed, 3*time.Second, 0), 1000, 3 * time.Second},
		{exact(Fixed, 3*time.Second, time.Second), 7, time.Second},
		{exact(Exponential, 1, never/4), 1000, never / 4},
	} {
		if got := tc.b.Wait(tc.n); got != tc.want {
			t.Errorf("%+v before attempt %d waits %v; want %v", tc.b, tc.n, got, tc.want)
		}
	}
}

func TestJitterIsAnyPartOfTheWait(t *testing.T) {
	b := Backoff{Base: 100 * time.Millisecond}
	var low, high int
	for range 2000 {
		wait := b.Wait(4)
		if wait < 0 || wait > 400*time.Millisecond {
			t.Fatalf("waits %v; want 0 to 400 ms", wait)
		}
		if wait < 100*time.Millisecond {
			low++
		} else if wait > 300*time.Millisecond {
			high++
		}
	}
	if low < 300 || high < 300 { // 500 each on average
		t.Errorf("of 2000 waits %d are in the first quarter and %d in the last; want about 500", low, high)
	}
}

func TestBackoffPanicsBeforeAttemptTwo(t *testing.T) {
	for _, n := range []int{1, 0, -1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("attempt %d has a backoff", n)
				}
			}()
			Backoff{}.Wait(n)
		}()
	}
}
