package workers

import (
	"fmt"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// Session is one registration of a worker with Redis: its moves, without the goroutines that make them. Every method
// may be called again when its reply was lost. ErrLeaseLost, wrapped, says that the monitor has declared the worker
// lost: its tasks belong to others, and it must register anew under another id.
type Session struct {
	client *queue.Client
	id     string
}

// ID is the worker's id.
func (s *Session) ID() string { return s.id }

func (s *Session) lost() error { return fmt.Errorf("worker %s: %w", s.id, ErrLeaseLost) }
