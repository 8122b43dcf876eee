package workers

import (
	"context"
	_ "embed"
	"strconv"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed progress.lua
var progressLua string

var progressScript = queue.NewScript("progress", progressLua)

// progressInterval is how often progress is written: often enough for a bar that moves.
const progressInterval = 100 * time.Millisecond

type progressReport struct {
	attempt int
	queue.Progress
}

func (l *life) noteProgress(t *queue.Task, p queue.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running[t.ID] != nil {
		l.progress[t.ID] = progressReport{t.Attempt, p}
	}
}

// sendProgress writes what came in since the last time. A failed write is not repeated: the next one says more.
func (l *life) sendProgress(ctx context.Context) error {
	l.mu.Lock()
	news := l.progress
	l.progress = map[string]progressReport{}
	l.mu.Unlock()
	if len(news) == 0 {
		return nil
	}
	args := []any{l.session.id, len(news)}
	for id, p := range news {
		args = append(args, id, p.attempt, strconv.FormatFloat(p.Percent, 'f', -1, 64), p.Message)
	}
	_, err := progressScript.Run(ctx, l.client, args...)
	return err
}
