package child_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/redisdb/child"
)

// start runs a shell script, and returns once the script has printed a line, with that line.
func start(t *testing.T, script string) (*child.Process, string) {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p, err := child.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return p, strings.TrimSpace(line)
}

func TestStopAsksFirst(t *testing.T) {
	p, _ := start(t, `trap 'exit 3' TERM; echo up; while :; do sleep 0.01; done`)
	if !p.Stop(time.Minute) {
		t.Error("the child was killed; want it to end by itself")
	}
	var exit *exec.ExitError
	if err := p.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("it ended with %v; want exit code 3", err)
	}
}

func TestStopKillsWhatDoesNotListen(t *testing.T) {
	p, _ := start(t, `trap '' TERM; echo up; while :; do sleep 0.01; done`)
	if p.Stop(50 * time.Millisecond) {
		t.Error("the child ended by itself, although it ignores SIGTERM")
	}
	if err := p.Signal(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("a signal after the end: %v; want %v", err, os.ErrProcessDone)
	}
}

func TestAChildHasItsOwnProcessGroup(t *testing.T) {
	p, line := start(t, `echo $$; exec sleep 60`)
	group, err := syscall.Getpgid(p.PID())
	if pid, _ := strconv.Atoi(line); err != nil || group != p.PID() || pid != p.PID() {
		t.Errorf("group %d (%v), own pid %s; want both to be %d", group, err, line, p.PID())
	}
}

func TestWhatTheCallerSaysOfTheProcessStays(t *testing.T) {
	leader, _ := start(t, `echo up; exec sleep 60`)
	cmd := exec.Command("sleep", "60")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pgid: leader.PID()}
	p, err := child.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	if group, err := syscall.Getpgid(p.PID()); err != nil || group != leader.PID() {
		t.Errorf("group %d, %v; want %d, which the caller named", group, err, leader.PID())
	}
}

func TestAMissingProgramIsAnError(t *testing.T) {
	if _, err := child.Start(exec.Command("/nowhere/redis-server")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v; want %v", err, os.ErrNotExist)
	}
}
