package live

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// calmFor is the time in which a short list may change all its rows once: what comes faster nobody can read, and it is
// most of what a busy overview sends.
const calmFor = 5 * time.Second

// calmList is a list of the newest tasks whose rows come one by one as tasks do, and where tasks come faster than one
// can read stay for a while, with their states as they are now.
type calmList struct {
	size int // rows
	rows []queue.Task
	room float64   // rows that may come now
	at   time.Time // of room
}

// take shows the newest tasks, or, where too many rows came lately, those that it shows as they are now.
func (l *calmList) take(ctx context.Context, c *queue.Client, newest []queue.Task, now time.Time) error {
	l.room = min(float64(l.size), l.room+float64(l.size)*now.Sub(l.at).Seconds()/calmFor.Seconds())
	l.at = now
	if came := float64(l.unknown(newest)); came <= l.room || len(l.rows) == 0 {
		l.rows, l.room = newest, max(0, l.room-came)
		return nil
	}
	ids := make([]string, len(l.rows))
	for i, t := range l.rows {
		ids[i] = t.ID
	}
	tasks, err := c.GetMany(ctx, ids)
	if err != nil {
		return fmt.Errorf("read %d listed tasks: %w", len(ids), err)
	}
	l.rows = present(tasks)
	return nil
}

// renew lets the next list through whatever came before: somebody asked for the page.
func (l *calmList) renew() { l.room, l.at = float64(l.size), time.Now() }

// unknown counts the tasks that the list does not show.
func (l *calmList) unknown(tasks []queue.Task) int {
	n := 0
	for _, t := range tasks {
		if !slices.ContainsFunc(l.rows, func(r queue.Task) bool { return r.ID == t.ID }) {
			n++
		}
	}
	return n
}
