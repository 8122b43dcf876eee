package workers

import (
	"context"
	_ "embed"
	"os"
	"strings"

	"github.com/xuniquepatel/queue-pilot/app/loop"
	"github.com/xuniquepatel/queue-pilot/app/queue"
)

//go:embed register.lua
var registerLua string

var registerScript = queue.NewScript("register worker", registerLua)

// register puts the worker into the inventory, and tries until Redis answers. It says false where ctx ended first.
func (l *life) register(ctx context.Context) bool {
	registered := false
	types := l.handlers.Types()
	profileID, profileText := profile(l.cfg.Queues, types)
	ctx, done := context.WithCancel(ctx)
	defer done()
	// The loop's error is nil: this step never stops it.
	_ = loop.Run(ctx, turnInterval, nil, func(ctx context.Context) error {
		_, err := registerScript.Run(ctx, l.client, l.id, l.cfg.Name, hostName(), os.Getpid(), l.cfg.Version, l.cfg.Slots,
			profileID, profileText, queuesText(l.cfg.Queues), strings.Join(types, ","))
		if err != nil {
			return err
		}
		registered = true
		done()
		return nil
	}, loop.Log(l.log, "register"))
	if registered {
		l.log.Info("worker ready", "slots", l.cfg.Slots, "queues", queuesText(l.cfg.Queues), "types", strings.Join(types, ","))
	}
	return registered
}
