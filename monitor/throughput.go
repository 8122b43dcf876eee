package monitor

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// Sample is the state of the ever-growing totals of all queues, or of one, at a moment. Charts and rates are made of
// lists of them, oldest first.
type Sample struct {
	At                           time.Time
	Submitted, Completed, Failed int64
}

const (
	// NoteEvery is how often a monitor looks whether the minute has its note: so the note is as late, at most.
	NoteEvery = 5 * time.Second
	// MostNotes are those of a day, some 40 bytes each, and of a quarter of an hour: the chart of a day ends with its last
	// whole step, and begins so much earlier.
	MostNotes = 24*60 + 15
)

//go:embed throughput.lua
var throughputLua string

var throughputScript = queue.NewScript("throughput", throughputLua)

// NoteTotals notes the totals of all queues for the charts of an hour and of a day, once in each minute of Redis's clock
// whichever monitors ask. A day of notes is kept, in Redis: all web processes draw the same, also after a restart.
func (m *Monitor) NoteTotals(ctx context.Context) error {
	_, err := throughputScript.Run(ctx, m.client, MostNotes)
	return err
}

// ReadNotes returns what NoteTotals noted, oldest first. What cannot be read is left out.
func ReadNotes(ctx context.Context, c *queue.Client) ([]Sample, error) {
	lines, err := c.Redis().LRange(ctx, c.Keys().Throughput(), -MostNotes, -1).Result()
	if err != nil {
		return nil, fmt.Errorf("read the noted totals: %w", err)
	}
	notes := make([]Sample, 0, len(lines))
	for _, line := range lines {
		if s, ok := decodeNote(line); ok && (len(notes) == 0 || s.At.After(notes[len(notes)-1].At)) {
			notes = append(notes, s)
		}
	}
	return notes, nil
}

func decodeNote(line string) (Sample, bool) {
	fields := strings.Split(line, "|")
	if len(fields) != 4 {
		return Sample{}, false
	}
	var n [4]int64
	for i, text := range fields {
		var err error
		if n[i], err = strconv.ParseInt(text, 10, 64); err != nil || n[i] < 0 {
			return Sample{}, false
		}
	}
	return Sample{At: fromMS(fields[0]), Submitted: n[1], Completed: n[2], Failed: n[3]}, true
}
