package workers

import (
	"context"
	_ "embed"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed leave.lua
var leaveLua string

var leaveScript = queue.NewScript("leave", leaveLua)

// Leave takes the worker out of the inventory. It reports false, and changes nothing, while something still runs on
// it.
func (s *Session) Leave(ctx context.Context) (bool, error) {
	out, err := leaveScript.Run(ctx, s.client, s.id)
	return out == int64(1), err
}

// leave takes the worker out of the inventory. Where it cannot, the monitor will find it lost.
func (l *life) leave(ctx context.Context) {
	ctx, cancel := recordTimeout(ctx)
	defer cancel()
	empty, err := l.session.Leave(ctx)
	if err != nil {
		l.log.Warn("stopped without a word to Redis: the monitor will give its work to others", "error", err)
		return
	}
	l.log.Info("worker stopped", "list_empty", empty)
}
