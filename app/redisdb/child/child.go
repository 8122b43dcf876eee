// Package child runs a program that must not outlive us: the embedded redis-server, and in tests every process that
// they start.
package child

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Process is a started program. Its methods may be called from any goroutine.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // how it ended; may be read once done is closed
}

// Start starts cmd in a process group of its own, so that a Ctrl-C in the terminal reaches us alone and we stop the
// child in our order. On Linux the kernel sends the child SIGTERM should we die first. What cmd.SysProcAttr says besides,
// such as the user to run as, stays.
func Start(cmd *exec.Cmd) (*Process, error) {
	p := &Process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The kernel ties the death signal to the thread that started the child, so that thread stays ours, blocked
		// in Wait, until the child is gone.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.done)
		isolate(cmd)
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

// PID returns the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed once the process has ended and its output is copied.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait returns how the process ended: nil for exit code 0, else an *exec.ExitError.
func (p *Process) Wait() error {
	<-p.done
	return p.err
}

// Signal sends sig. It returns os.ErrProcessDone where the process has ended.
func (p *Process) Signal(sig os.Signal) error { return p.cmd.Process.Signal(sig) }

// Stop asks the process to end, and kills it after grace. It returns once the process is gone, and reports whether
// it went by itself.
func (p *Process) Stop(grace time.Duration) bool {
	_ = p.Signal(syscall.SIGTERM) // an error means that it is gone already
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
		return true
	case <-timer.C:
		p.Kill()
		return false
	}
}

// Kill ends the process without warning, and returns once it is gone.
func (p *Process) Kill() {
	_ = p.Signal(syscall.SIGKILL) // an error means that it is gone already
	<-p.done
}
