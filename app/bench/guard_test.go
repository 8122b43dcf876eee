package bench

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

var must = redistest.Must

// newTestBed is a bed on a Redis of the test's own.
func newTestBed(t *testing.T) *bed {
	t.Helper()
	b, err := newBed(t.Context(), Config{RedisURL: redistest.Server(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// calls are the commands that Redis ran, by name; those of scripts are among them.
type calls map[string]int

func callsOf(t *testing.T, b *bed) calls {
	t.Helper()
	info, err := b.info(t.Context(), "commandstats")
	must(t, err)
	c := calls{}
	for name, text := range info {
		_, rest, _ := strings.Cut(text, "calls=")
		n, _, _ := strings.Cut(rest, ",")
		c[strings.TrimPrefix(name, "cmdstat_")] = int(number(n))
	}
	delete(c, "info") // our own question
	return c
}

// during returns the commands that Redis ran for f.
func during(t *testing.T, b *bed, f func() error) calls {
	t.Helper()
	before := callsOf(t, b)
	must(t, f())
	after := callsOf(t, b)
	for name := range after {
		if after[name] -= before[name]; after[name] == 0 {
			delete(after, name)
		}
	}
	return after
}

func (c calls) scripts() int { return c["evalsha"] + c["eval"] }

func (c calls) total() int {
	n := 0
	for _, calls := range c {
		n += calls
	}
	return n
}

func (c calls) String() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(c)) {
		parts = append(parts, fmt.Sprint(name, "=", c[name]))
	}
	return strings.Join(parts, " ")
}

// expectCalls checks one script of at most so many commands, itself and the hint that something changed among them.
func expectCalls(t *testing.T, what string, got calls, most int) {
	t.Helper()
	t.Logf("%s: %d commands, at most %d (%s)", what, got.total(), most, got)
	if got.scripts() != 1 || got.total() > most {
		t.Errorf("%s took Redis %d scripts and %d commands; want 1 script and at most %d commands", what, got.scripts(), got.total(), most)
	}
}

func TestABatchOf250TasksIsOneScriptWithAsFewCommandsAsOneTask(t *testing.T) {
	b := newTestBed(t)
	worker, err := b.seat(t.Context(), growthBatch)
	must(t, err)
	must(t, b.fill(t.Context(), 2*growthBatch))
	must(t, worker.turn(t.Context(), growthBatch)) // twice: that Redis knows the scripts
	must(t, worker.turn(t.Context(), growthBatch))

	one := during(t, b, func() error { return submitNoops(t.Context(), b.client, 1) })
	expectCalls(t, "submit of 1, behind a backlog", one, 20) // 13 and 2 for the hint, when this was written
	many := during(t, b, func() error { return submitNoops(t.Context(), b.client, growthBatch) })
	expectCalls(t, "submit of 250, behind a backlog", many, 20)
	turn := during(t, b, func() error { return worker.turn(t.Context(), growthBatch) })
	expectCalls(t, "turn of 250 outcomes and 250 new tasks", turn, 52) // 36 and 2
	must(t, worker.mustRun(growthBatch))
}

func TestATaskAloneIsThreeScriptsOfSomeTwentyCommands(t *testing.T) {
	b := newTestBed(t)
	worker, err := b.seat(t.Context(), workerSlots)
	must(t, err)
	for _, warm := range []bool{true, false} { // the first time the scripts are loaded
		submit := during(t, b, func() error { _, err := submitOne(t.Context(), b.client); return err })
		start := during(t, b, func() error { return worker.turn(t.Context(), 1) })
		must(t, worker.mustRun(1))
		end := during(t, b, func() error { return worker.turn(t.Context(), 0) })
		if warm {
			continue
		}
		expectCalls(t, "submit to an idle worker", submit, 42) // 30 and 2 for the hint, when this was written
		expectCalls(t, "start", start, 20)                     // 12 and 2
		expectCalls(t, "end", end, 25)                         // 15 and 2
	}
}

// The most that a task may cost Redis, in bare commands: HSETs of as many bytes, pipelined as many at a time. Twice what
// was seen when this was written, so that no noise reaches it: it is for a cost that grew several times.
const (
	mostToSubmit = 7
	mostToDrain  = 16
)

// TestADrainedTaskCostsAtMostSoManyBareCommands compares processor time, which is Redis's own count and does not depend
// on what else the machine does, of measurements that take turns.
func TestADrainedTaskCostsAtMostSoManyBareCommands(t *testing.T) {
	const rounds, batches = 7, 12
	b := newTestBed(t)
	worker, err := b.seat(t.Context(), growthBatch)
	must(t, err)
	must(t, b.fill(t.Context(), 2*growthBatch))
	must(t, worker.turn(t.Context(), growthBatch))
	f := &floor{rdb: b.client.Redis(), payload: Payload()}
	var submits, drains []float64
	for range rounds {
		bare := b.busy(t, batches, func() error { return f.hashes(t, growthBatch) })
		submit := b.busy(t, batches, func() error { return submitNoops(t.Context(), b.client, growthBatch) })
		turn := b.busy(t, batches, func() error { return worker.turn(t.Context(), growthBatch) })
		must(t, worker.mustRun(growthBatch))
		submits, drains = append(submits, submit/bare), append(drains, turn/bare)
	}
	for _, r := range []struct {
		what  string
		seen  []float64
		limit float64
	}{{"submit", submits, mostToSubmit}, {"turn", drains, mostToDrain}} {
		t.Logf("%s: a task costs Redis as much as %.1f bare commands (rounds: %.1f), at most %.0f", r.what, median(r.seen), r.seen, r.limit)
		if median(r.seen) > r.limit {
			t.Errorf("%s: a task costs Redis as much as %.1f bare commands; at most %.0f", r.what, median(r.seen), r.limit)
		}
	}
}

// hashes writes n records as large as a task's, in one round trip.
func (f *floor) hashes(t *testing.T, n int) error {
	record := append([]byte("5|default|noop|1790000000000|3|0|128|"), f.payload...)
	_, err := f.rdb.Pipelined(t.Context(), func(p redis.Pipeliner) error {
		for range n {
			p.HSet(t.Context(), floorTasks, f.id(), record)
		}
		return nil
	})
	return err
}

// busy is the processor time in seconds that Redis spent on n calls of f.
func (b *bed) busy(t *testing.T, n int, f func() error) float64 {
	t.Helper()
	read := func() float64 {
		info, err := b.info(t.Context(), "cpu")
		must(t, err)
		return number(info["used_cpu_user"]) + number(info["used_cpu_sys"])
	}
	before := read()
	for range n {
		must(t, f())
	}
	return read() - before
}
