package chaos

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
)

// ledger submits tasks as a careful script would, and remembers what it was answered: what got a 2xx must never be
// lost, and the rest may be sent again.
type ledger struct {
	f   *fault
	api *harness.API

	mu       sync.Mutex
	accepted []acceptance
	counting bool // they are counted and not remembered: a soak's are too many
	count    int
	unsure   []harness.New // sent, and not answered with a 2xx
	refusals map[int]int   // answers by status, 0 for none
}

// acceptance is a task that got a 2xx, and when.
type acceptance struct {
	id string
	at time.Time
}

func newLedger(f *fault, api *harness.API) *ledger {
	return &ledger{f: f, api: api, refusals: map[int]int{}}
}

// submit sends tasks in one call, whatever becomes of it. Each has an id.
func (l *ledger) submit(tasks ...harness.New) bool {
	var answer struct {
		Items []struct {
			ID     string
			Status int
		}
	}
	for _, task := range tasks {
		if task["retention_seconds"] == nil {
			task["retention_seconds"] = 24 * 3600 // a row may set Redis's clock an hour on
		}
	}
	status, err := l.api.Call("POST", "/api/v1/tasks/batch", tasks, &answer)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil || status != http.StatusOK || len(answer.Items) != len(tasks) {
		l.refusals[status]++
		l.unsure = append(l.unsure, tasks...)
		return false
	}
	for i, item := range answer.Items {
		if item.Status != http.StatusCreated && item.Status != http.StatusOK {
			l.f.Errorf("submit of %v: status %d", tasks[i], item.Status)
		}
		if l.count++; !l.counting {
			l.accepted = append(l.accepted, acceptance{item.ID, time.Now()})
		}
	}
	return true
}

// settle sends again what got no 2xx, until it does.
func (l *ledger) settle() {
	l.f.Helper()
	harness.Until(l.f, "what got no 2xx is taken when it is sent again", func() error {
		again := l.takeUnsure(1000)
		if len(again) == 0 {
			return nil
		}
		l.submit(again...)
		return fmt.Errorf("%d tasks were sent again", len(again))
	})
}

func (l *ledger) takeUnsure(most int) []harness.New {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(most, len(l.unsure))
	again := l.unsure[:n:n]
	l.unsure = l.unsure[n:]
	return again
}

// ids are the tasks that got a 2xx.
func (l *ledger) ids() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := make([]string, len(l.accepted))
	for i, a := range l.accepted {
		ids[i] = a.id
	}
	return ids
}

// acceptances are the tasks that got a 2xx, and when.
func (l *ledger) acceptances() []acceptance {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.accepted)
}

// forget takes a task out of those that got a 2xx, and returns when it did.
func (l *ledger) forget(id string) (at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.accepted = slices.DeleteFunc(l.accepted, func(a acceptance) bool {
		if a.id == id {
			at = a.at
		}
		return a.id == id
	})
	return at
}

// refused are the answers that were no 2xx so far, by status.
func (l *ledger) refused() map[int]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.refusals)
}

// load submits n tasks, made by task, in calls of batch with a pause between them. The returned channel is closed when
// all are sent.
func (l *ledger) load(n, batch int, pause time.Duration, task func(i int) harness.New) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for from := 0; from < n; from += batch {
			tasks := make([]harness.New, 0, batch)
			for i := from; i < min(from+batch, n); i++ {
				tasks = append(tasks, task(i))
			}
			l.submit(tasks...)
			select {
			case <-time.After(pause):
			case <-l.f.Context().Done():
				return
			}
		}
	}()
	return done
}

// quick is a task of a millisecond.
func quick(id string) harness.New {
	return harness.New{"id": id, "type": "work", "payload": map[string]int{"ms": 1}}
}

type httpError int

func (e httpError) Error() string {
	return fmt.Sprintf("it answered %d %s", int(e), http.StatusText(int(e)))
}
