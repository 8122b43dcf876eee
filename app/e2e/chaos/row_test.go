package chaos

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// fault is one run of a row, with one seed. Its methods may be called from any goroutine.
type fault struct {
	*testing.T
	mu     sync.Mutex
	rand   *rand.Rand
	result figures
}

// row runs one row of the matrix, once a seed, and adds what it saw to the report. The quick cut runs several rows at
// once; at full size each has the machine for itself.
func row(t *testing.T, number int, title string, run func(f *fault)) {
	t.Helper()
	if !*full {
		t.Parallel()
	}
	alone(t, number, title, run)
}

// alone is row for one that has the process for itself in the quick cut, too.
func alone(t *testing.T, number int, title string, run func(f *fault)) {
	t.Helper()
	for i := range *seeds {
		s := *seed + uint64(i)
		t.Run(fmt.Sprintf("seed=%d", s), func(t *testing.T) {
			t.Logf("row %d, seed %d: go test ./app/e2e/chaos -run '%s' -args -chaos.seed %d", number, s, t.Name(), s)
			f := &fault{T: t, rand: rand.New(rand.NewPCG(s, uint64(number)))} // #nosec G404: repeatable by design
			t.Cleanup(func() { matrix.add(number, title, f.result, !t.Failed()) })
			run(f)
		})
	}
}

// size is quick in the quick cut, else whole.
func size[T any](quick, whole T) T {
	if *full {
		return whole
	}
	return quick
}

// intn draws a number below n.
func (f *fault) intn(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rand.IntN(n)
}

// oneIn is true once in n draws.
func (f *fault) oneIn(n int) bool { return f.intn(n) == 0 }

// between draws a duration.
func (f *fault) between(from, to time.Duration) time.Duration {
	return from + time.Duration(f.intn(int(to-from)))
}

// during calls step at random moments, from to to apart, until done is closed, and returns how often it did.
func (f *fault) during(done <-chan struct{}, from, to time.Duration, step func()) int {
	for n := 0; ; n++ {
		select {
		case <-done:
			return n
		case <-time.After(f.between(from, to)):
			step()
		}
	}
}

// pass lets time go by: the length of a fault, not a wait for what it does.
func (f *fault) pass(d time.Duration) { <-time.After(d) }

// figure notes a number for the report; of several of one name the largest.
func (f *fault) figure(name string, value float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.result.Other == nil {
		f.result.Other = map[string]float64{}
	}
	f.result.Other[name] = max(f.result.Other[name], value)
	f.Logf("%s: %g", name, value)
}

// within notes a duration, in ms, and its promise. At full size, when the row has the machine for itself, the promise
// decides; in the quick cut, which shares it with other tests, it is only noted.
func (f *fault) within(name string, took, promise time.Duration) {
	f.Helper()
	f.figure(name+"_ms", float64(took.Milliseconds()))
	if took > promise && *full {
		f.Errorf("%s took %v; promised: %v", name, took, promise)
	}
}
