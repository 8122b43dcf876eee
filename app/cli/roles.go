package cli

import (
	"context"

	"github.com/xuniquepatel/queue-pilot/monitor"
	"github.com/xuniquepatel/queue-pilot/scheduler"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// Run starts the roles and keeps them until ctx ends or one of them fails, then stops them in reverse: HTTP stops taking
// requests, the scheduler stops, workers drain, the last snapshot goes out, the sockets close, the store closes. It
// returns the first role's error, nil where ctx ended.
func (a *App) Run(ctx context.Context) error {
	stopWatch := a.watchRedis()
	crew := newCrew(a.log)
	a.hire(crew)
	err := crew.wait(ctx)
	crew.stop()
	stopWatch()
	if closeErr := a.Close(); err == nil {
		err = closeErr
	}
	return err
}

// watchRedis keeps checking a named Redis, whose settings others change. It is none of the crew: a worker that was drained
// ends although the watch would go on. Call stop before Close.
func (a *App) watchRedis() (stop func()) {
	if a.store != nil {
		return func() {}
	}
	return a.check.run()
}

// hire starts the roles in the order in which they rely on each other. None needs Redis to be there: each tries until
// it is, and the web server says so to whoever looks.
func (a *App) hire(crew *crew) {
	if a.hub != nil {
		crew.start("hub", a.hub.Run)
	}
	if a.roles&Monitor != 0 {
		m := monitor.New(a.client, monitor.Config{WorkerTimeout: a.cfg.WorkerTimeout, Log: a.log})
		crew.start("monitor", m.Run)
	}
	if a.roles&Worker != 0 {
		crew.start("worker", a.runWorker)
	}
	if a.roles&Scheduler != 0 {
		crew.start("scheduler", scheduler.New(a.client, scheduler.Config{Log: a.log}).Run)
	}
	if a.web != nil {
		crew.start("web", a.web.Run)
	}
}

func (a *App) runWorker(ctx context.Context) error {
	queues, _ := parseQueues(a.cfg.Queues) // checked by Open
	return workers.New(a.client, workers.Builtin(), workers.Config{
		Name: a.cfg.workerName(), Slots: a.cfg.slots(), Queues: queues,
		HeartbeatInterval: a.cfg.HeartbeatInterval, WorkerTimeout: a.cfg.WorkerTimeout,
		ShutdownTimeout: a.cfg.ShutdownTimeout, Log: a.log, Version: Version(), Drills: a.cfg.Drills,
	}).Run(ctx)
}
