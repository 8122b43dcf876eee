package workers

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/loop"
	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// life is one registration of a worker, from its new id to its end.
type life struct {
	*Worker
	session *Session
	log     *slog.Logger

	turnWake, beatWake chan struct{}
	full               chan struct{} // signalled when enough has ended for a turn
	rhythm             rhythm        // of the turns; the turn's alone
	absent             bool          // from the workers that others may assign tasks; the turn's alone
	drainAsked         chan struct{} // closed when an operator asked for it
	askDrain           func()        // closes drainAsked, once
	drillAsked         chan string   // the drill that it is to stop for
	fenceTimer         *time.Timer

	mu        sync.Mutex
	running   map[string]*execution // handlers at work, by task
	queued    []queued              // fetched ahead, waiting for a slot
	begun     []*queue.Task         // fetched ahead and at work, which Redis is still to be told
	gaveBack  bool                  // what waited, since the turn that may still bring more was planned
	reports   []Report              // ended, not yet recorded
	pace      pace
	suspects  int // running tasks that have lost a worker
	progress  map[string]ProgressReport
	draining  time.Time     // since when; zero where it does not
	talking   bool          // a turn is under way: its answer may bring tasks
	over      error         // why no handler may start any more
	fenced    bool          // could not show for two thirds of the lease that it lives
	unsure    bool          // a reply was lost: Redis may have started tasks that it does not know of
	impatient bool          // checkAhead will be called
	differed  bool          // at the last heartbeat Redis knew of another number of running tasks
	idle      chan struct{} // signalled when nothing runs and nothing waits to be recorded
}

func newLife(w *Worker) *life {
	session := &Session{client: w.client, id: newID(w.cfg.Name)}
	l := &life{
		Worker: w, session: session, log: w.cfg.Log.With("worker", session.id),
		turnWake: make(chan struct{}, 1), beatWake: make(chan struct{}, 1), full: make(chan struct{}, 1), drainAsked: make(chan struct{}),
		drillAsked: make(chan string, 1),
		running:    map[string]*execution{}, progress: map[string]ProgressReport{}, idle: make(chan struct{}, 1),
	}
	l.askDrain = sync.OnceFunc(func() { close(l.drainAsked) })
	return l
}

// run lives until ctx ends, an operator drains the worker, or it is declared lost or stops for a drill (ErrLeaseLost).
func (l *life) run(ctx context.Context) error {
	if !l.register(ctx) {
		return nil
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx)) // what runs is recorded after ctx ends, too
	defer stop()
	l.fenceTimer = time.AfterFunc(l.fenceAfter(), l.fence)
	defer l.fenceTimer.Stop()
	lost := make(chan struct{})
	tell := sync.OnceFunc(func() { close(lost) })
	loops := l.startLoops(work, tell)

	select {
	case drill := <-l.drillAsked:
		stop()
		return l.playDead(context.WithoutCancel(ctx), drill, loops)
	case <-lost:
	case <-ctx.Done():
	case <-l.drainAsked:
	}
	l.endWork(work, lost)
	l.sayBye(work)
	stop()
	loops.Wait()
	if isClosed(lost) {
		l.dropInbox(context.WithoutCancel(ctx))
		l.log.Warn("declared lost: starting again under a new id")
		return l.session.lost()
	}
	l.leave(context.WithoutCancel(ctx))
	return nil
}

// startLoops starts what goes on beside the handlers; the wait group ends when all have ended.
func (l *life) startLoops(ctx context.Context, lost func()) *sync.WaitGroup {
	var loops sync.WaitGroup
	start := func(name string, every time.Duration, wake <-chan struct{}, step func(context.Context) error) {
		loops.Go(func() {
			if err := loop.Run(ctx, every, wake, step, loop.Log(l.log, name)); errors.Is(err, ErrLeaseLost) {
				lost()
			}
		})
	}
	start("heartbeat", l.cfg.HeartbeatInterval, l.beatWake, l.heartbeat)
	start("turn", turnInterval, l.turnWake, l.turn)
	start("inbox", time.Millisecond, nil, l.readInbox)
	start("progress", progressInterval, nil, l.sendProgress)
	return &loops
}

// endWork drains the worker: it waits for what runs, then tells it to stop, then gives it back without it. A lost
// worker only tells its handlers: nothing that they did will be recorded.
func (l *life) endWork(ctx context.Context, lost <-chan struct{}) {
	if !isClosed(lost) {
		l.drain(ctx)
	}
	if l.waitIdle(ctx, l.cfg.ShutdownTimeout, lost) {
		return
	}
	if isClosed(lost) {
		l.end(ErrLeaseLost)
		return
	}
	l.end(ErrStopping)
	if !l.waitIdle(ctx, returnGrace, lost) {
		l.abandonAll(ErrStopping)
		l.waitIdle(ctx, returnGrace, lost)
	}
}

// end cancels all handlers, and those that a turn under way may still bring.
func (l *life) end(cause error) {
	l.mu.Lock()
	l.over, l.queued = cause, nil // those of a worker that stops were given back when it began to drain
	l.mu.Unlock()
	l.cancelAll(cause)
}

// waitIdle returns true when nothing runs and everything is recorded, false when that took too long or the worker is
// lost.
func (l *life) waitIdle(ctx context.Context, atMost time.Duration, lost <-chan struct{}) bool {
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	for !isClosed(lost) {
		if l.isIdle() {
			return true
		}
		loop.Wake(l.turnWake)
		select {
		case <-l.idle:
		case <-lost:
		case <-ctx.Done():
			return l.isIdle()
		}
	}
	return false
}

// surePatience is how long a worker that stops tries to hear what a lost reply said. After that the monitor finds out.
const surePatience = 5 * time.Second

func (l *life) isIdle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	sure := !l.unsure || time.Since(l.draining) > surePatience
	return len(l.running) == 0 && len(l.queued) == 0 && len(l.reports) == 0 && !l.talking && sure
}

// fenceAfter is how long the worker trusts its lease without a confirmed heartbeat.
func (l *life) fenceAfter() time.Duration { return l.cfg.WorkerTimeout * 2 / 3 }

// fence stops everything before the monitor may give the work to others.
func (l *life) fence() {
	l.mu.Lock()
	l.fenced = true
	l.giveBackQueued()
	n := len(l.running)
	l.mu.Unlock()
	l.log.Warn("no heartbeat confirmed for two thirds of the lease: handlers are told to stop", "running", n)
	l.cancelAll(ErrLeaseLost)
}

// confirmed notes a heartbeat that was sent at the given time and answered.
func (l *life) confirmed(sent time.Time) {
	l.fenceTimer.Reset(max(l.fenceAfter()-time.Since(sent), time.Millisecond))
	l.mu.Lock()
	was := l.fenced
	l.fenced = false
	l.mu.Unlock()
	if was {
		l.log.Info("heartbeats are confirmed again")
		loop.Wake(l.turnWake)
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func recordTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, 5*time.Second)
}
