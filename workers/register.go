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

// Register puts a worker into the inventory that runs the types. Its id is the name with a random suffix.
func Register(ctx context.Context, c *queue.Client, cfg Config, types []string) (*Session, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Session{client: c, id: newID(cfg.Name)}
	return s, s.register(ctx, cfg, types)
}

func (s *Session) register(ctx context.Context, cfg Config, types []string) error {
	profileID, profileText := profile(cfg.Queues, types)
	_, err := registerScript.Run(ctx, s.client, s.id, cfg.Name, hostName(), os.Getpid(), cfg.Version, cfg.Slots,
		profileID, profileText, queuesText(cfg.Queues), strings.Join(types, ","), boolText(cfg.Drills))
	return err
}

func boolText(is bool) string {
	if is {
		return "1"
	}
	return ""
}

// register puts the worker into the inventory, and tries until Redis answers. It says false where ctx ended first.
func (l *life) register(ctx context.Context) bool {
	ctx, done := context.WithCancel(ctx)
	defer done()
	registered := false
	types := l.handlers.Types()
	// The loop's error is nil: this step never stops it.
	_ = loop.Run(ctx, turnInterval, nil, func(ctx context.Context) error {
		if err := l.session.register(ctx, l.cfg, types); err != nil {
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
