package workers

import (
	"context"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/loop"
	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// inboxWait is how long the worker blocks on its inbox, in one command.
const inboxWait = time.Second

// byeToken is the token that ends the reading of the inbox.
const byeToken = "bye"

// readInbox blocks until a token says that there is something for this worker, and wakes who looks after it.
func (l *life) readInbox(ctx context.Context) error {
	got, err := l.client.Redis().BLPop(ctx, inboxWait, l.client.Keys().Inbox(l.session.id)).Result()
	if queue.IsNil(err) {
		return nil
	}
	if err != nil {
		return err
	}
	switch got[1] {
	case "work":
		loop.Wake(l.turnWake)
		if l.rhythm.busy.Load() { // the turns come by themselves: let the tokens of some time be one
			pause(ctx, turnGap)
		}
	case byeToken:
		return loop.ErrStop
	default: // cancel, drain: the heartbeat's answer says more. Such a token may stand for work, too.
		loop.Wake(l.beatWake)
		loop.Wake(l.turnWake)
	}
	return nil
}

// dropInbox removes what sayBye left where reclaim had removed the inbox before. Nobody else will soon.
func (l *life) dropInbox(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, inboxWait)
	defer cancel()
	if err := l.client.Redis().Del(ctx, l.client.Keys().Inbox(l.session.id)).Err(); err != nil {
		l.log.Debug("the inbox is left for the audit to remove", "error", err)
	}
}

// sayBye ends readInbox at once, which no context could: a blocked command is not interrupted.
func (l *life) sayBye(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, inboxWait)
	defer cancel()
	if err := l.client.Redis().RPush(ctx, l.client.Keys().Inbox(l.session.id), byeToken).Err(); err != nil {
		l.log.Debug("the inbox will be left by its time-out", "error", err)
	}
}
