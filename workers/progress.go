package workers

import (
	"context"
	_ "embed"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed progress.lua
var progressLua string

var progressScript = queue.NewScript("progress", progressLua)

// progressInterval is how often progress is written: often enough for a bar that moves.
const progressInterval = 100 * time.Millisecond

// ProgressReport is what a running task last said of itself.
type ProgressReport struct {
	TaskID  string
	Attempt int
	queue.Progress
}

// Progress shows what running tasks said. It returns how many of the reports were taken: those of an attempt that this
// worker does not run any more are dropped.
func (s *Session) Progress(ctx context.Context, reports ...ProgressReport) (int64, error) {
	args := make([]any, 0, 2+4*len(reports))
	args = append(args, s.id, len(reports))
	for _, r := range reports {
		args = append(args, r.TaskID, r.Attempt, strconv.FormatFloat(r.Percent, 'f', -1, 64), r.Message)
	}
	out, err := progressScript.Run(ctx, s.client, args...)
	n, _ := out.(int64)
	return n, err
}

func (l *life) noteProgress(t *queue.Task, p queue.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running[t.ID] != nil {
		l.progress[t.ID] = ProgressReport{t.ID, t.Attempt, p}
	}
}

// sendProgress writes what came in since the last time. A failed write is not repeated: the next one says more.
func (l *life) sendProgress(ctx context.Context) error {
	l.mu.Lock()
	news := l.progress
	l.progress = map[string]ProgressReport{}
	l.mu.Unlock()
	if len(news) == 0 {
		return nil
	}
	_, err := l.session.Progress(ctx, slices.Collect(maps.Values(news))...)
	return err
}
