package chaos

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// operations are the calls on each task, with the order in which they were made and answered.
type operations struct {
	mu      sync.Mutex
	clock   int64
	byTask  map[string][]porcupine.Operation
	unsure  map[string]span // by worker: when it may have been given tasks that it never heard of
	lost    map[string]span // by worker: when it was declared lost
	callers map[string]int  // their rows in a picture
}

// span is when something took place.
type span struct{ from, to int64 }

func newOperations() *operations {
	return &operations{
		byTask: map[string][]porcupine.Operation{}, unsure: map[string]span{}, lost: map[string]span{}, callers: map[string]int{},
	}
}

// now is a time of its own.
func (o *operations) now() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.clock++
	return o.clock
}

// add notes a call that was made by caller and answered now.
func (o *operations) add(id, caller string, from int64, in call, answer string) {
	to := o.now()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.put(id, caller, span{from, to}, in, answer)
}

func (o *operations) put(id, caller string, s span, in call, answer string) {
	row, known := o.callers[caller]
	if !known {
		row = len(o.callers)
		o.callers[caller] = row
	}
	o.byTask[id] = append(o.byTask[id], porcupine.Operation{ClientId: row, Input: in, Call: s.from, Output: answer, Return: s.to})
}

// doubt notes that a worker's turn was not answered: what it claimed is not known.
func (o *operations) doubt(worker string, from int64) {
	to := o.now()
	o.mu.Lock()
	defer o.mu.Unlock()
	if before, ok := o.unsure[worker]; ok {
		from = before.from
	}
	o.unsure[worker] = span{from, to}
}

// lose notes that a worker was declared lost since from.
func (o *operations) lose(worker string, from int64) {
	to := o.now()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lost[worker] = span{from, to}
}

// check compares each task's operations with the model, when all is over.
func (o *operations) check(t *testing.T, c *queue.Client) {
	t.Helper()
	model := lifeModel.ToModel()
	for id := range o.byTask {
		o.complete(t, c, id)
		if porcupine.CheckOperations(model, o.byTask[id]) {
			continue
		}
		_, info := porcupine.CheckOperationsVerbose(model, o.byTask[id], 0)
		t.Fatalf("no order of the operations on task %s explains their answers:\n%ssee %s", id, inWords(o.byTask[id]),
			picture(t, model, info))
	}
}

// complete adds what nobody was told: claims whose reply was lost for good, which the task's attempts name, the losses
// of the workers that had it, and how it ended.
func (o *operations) complete(t *testing.T, c *queue.Client, id string) {
	t.Helper()
	claims := map[call]int{}
	for _, op := range o.byTask[id] {
		if in := op.Input.(call); in.verb == "claim" {
			claims[in]++
		}
	}
	attempts, err := c.Attempts(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range attempts {
		claim := call{verb: "claim", worker: a.WorkerID, attempt: a.Attempt}
		if claims[claim]--; claims[claim] >= 0 {
			continue
		}
		claims[claim] = 0
		when, ok := o.unsure[a.WorkerID]
		if !ok {
			t.Errorf("task %s has attempt %d on %s, which was never told so", id, a.Attempt, a.WorkerID)
		}
		o.put(id, a.WorkerID, when, claim, answerDone)
	}
	o.addEnd(t, c, id, claims, attempts)
}

func (o *operations) addEnd(t *testing.T, c *queue.Client, id string, claims map[call]int, attempts []queue.Attempt) {
	t.Helper()
	added := map[string]bool{}
	for claim, surplus := range claims {
		if surplus > 0 {
			t.Errorf("task %s was claimed by %s as attempt %d, which is not among its attempts:\n%s%+v", id, claim.worker,
				claim.attempt, inWords(o.byTask[id]), attempts)
		}
		when, lost := o.lost[claim.worker]
		if lost && !added[claim.worker] {
			added[claim.worker] = true
			o.put(id, "monitor", when, call{verb: "lost", worker: claim.worker}, answerDone)
		}
	}
	task, err := c.Get(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	o.put(id, "the end", span{math.MaxInt64 - 1, math.MaxInt64}, call{verb: "read", attempt: task.Attempt}, string(task.State))
}

// inWords lists operations in the order of their calls: from, to, call and answer.
func inWords(ops []porcupine.Operation) string {
	var text strings.Builder
	slices.SortFunc(ops, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	for _, op := range ops {
		fmt.Fprintf(&text, "%6d to %6d: %s\n", op.Call, op.Return, describe(op.Input, op.Output))
	}
	return text.String()
}

// picture draws the operations into a file and returns its name.
func picture(t *testing.T, model porcupine.Model, info porcupine.LinearizationInfo) string {
	file, err := os.CreateTemp("", "queuepilot-operations-*.html")
	if err != nil {
		return fmt.Sprintf("nothing: %v", err)
	}
	defer file.Close()
	if err := porcupine.Visualize(model, info, file); err != nil {
		t.Errorf("draw the operations: %v", err)
	}
	return file.Name()
}
