package e2e

import (
	"fmt"
	"math"
	"testing"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
)

// slotsOf is a fleet whose load must even out.
var slotsOf = map[string]int{"one": 1, "two": 2, "four": 4, "eight": 8}

const allSlots = 1 + 2 + 4 + 8

// even reports whether the load of n tasks is within one task of proportional to the slots.
func even(workers map[string]harness.Worker, n int) error {
	sum := 0
	for _, w := range workers {
		load := w.Assigned + w.Running
		share := float64(n) * float64(w.Slots) / allSlots
		if math.Abs(float64(load)-share) > 1 {
			return fmt.Errorf("%s with %d slots has %d of %d tasks; its share is %.1f", w.Name, w.Slots, load, n, share)
		}
		sum += load
	}
	if sum != n {
		return fmt.Errorf("%d tasks are assigned or running; want %d", sum, n)
	}
	return nil
}

func TestABacklogIsSpreadInProportionToTheSlots(t *testing.T) {
	t.Parallel()
	const backlog = 3 * allSlots
	sys, gates := harness.NewSystem(t), harness.NewGates(t)
	tasks := gateTasks(allSlots+backlog, "gate", "go")
	sys.Submit(tasks...)
	for name, slots := range slotsOf { // each finds work that waits, whatever the order in which they start
		sys.TestWorker(name, slots, gates)
	}
	harness.Until(t, "every slot is busy, and nobody holds more than that", func() error {
		if pending := sys.Totals().Pending; pending != backlog {
			return fmt.Errorf("%d tasks are pending; want %d", pending, backlog)
		}
		return even(sys.Workers(), allSlots)
	})
	gates.Open(t, "go")
	harness.Until(t, "the backlog is drained", func() error {
		if totals := sys.Totals(); totals.CompletedTotal != int64(len(tasks)) {
			return fmt.Errorf("totals %+v", totals)
		}
		return nil
	})
}

func TestAShortTaskNeverWaitsBehindALongOneWhileASlotIsFree(t *testing.T) {
	t.Parallel()
	sys, gates := harness.NewSystem(t), harness.NewGates(t)
	gates.Open(t, "open")
	sys.TestWorker("left", 1, gates)
	sys.TestWorker("right", 1, gates)
	// Many short tasks first: the workers look fast then, and are given some work in advance.
	warm := gateTasks(200, "gate", "open")
	ids := sys.Submit(warm...)
	sys.UntilState("completed", ids...)

	for round := range 5 {
		long := fmt.Sprintf("long-%d", round)
		mixed := []harness.New{{"id": long, "type": "gate", "payload": map[string]string{"gate": long}}}
		var short []string
		for i := range 10 {
			id := fmt.Sprintf("short-%d-%d", round, i)
			short = append(short, id)
			mixed = append(mixed, harness.New{"id": id, "type": "gate", "payload": map[string]string{"gate": "open"}})
		}
		sys.Submit(mixed...)
		sys.UntilState("completed", short...)
		if task := sys.Task(long); task.State != "running" {
			t.Fatalf("the long task is %s; want running beside the short ones", task.State)
		}
		gates.Open(t, long)
		sys.UntilState("completed", long)
	}
}

func TestATypeThatNobodyHandlesHoldsUpNobody(t *testing.T) {
	t.Parallel()
	sys := harness.NewSystem(t)
	sys.Worker("plain", 1)
	var strange []harness.New
	for i := range 50 {
		strange = append(strange, harness.New{"id": fmt.Sprintf("X%d", i), "type": "unheard-of", "priority": 9})
	}
	waiting := sys.Submit(strange...)
	sys.Submit(harness.New{"id": "plain", "payload": "p"})
	sys.UntilState("completed", "plain")
	sys.UntilState("pending", waiting...)
}
