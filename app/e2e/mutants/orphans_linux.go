package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// endsEarly: a run of tests may be ended at its first failure, since nothing that it started can get lost.
const endsEarly = true

const setChildSubreaper = 36 // PR_SET_CHILD_SUBREAPER, prctl(2)

// adoptOrphans makes every process ours whose parent dies and that descends from us. A test that is ended in its midst
// cannot end what it started, and a frozen process does not hear that its parent is gone.
func adoptOrphans() error {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0); errno != 0 {
		return fmt.Errorf("adopt orphans: %w", errno)
	}
	return nil
}

// endOrphans kills our children, and their children, until there is none. It must not be called while a command runs.
func endOrphans() error {
	for {
		pids, err := children()
		if err != nil || len(pids) == 0 {
			return err
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL) // an error means that it has ended, and waits to be waited for
			if _, err := syscall.Wait4(pid, nil, 0, nil); err != nil && !errors.Is(err, syscall.EINTR) {
				return fmt.Errorf("wait for the orphan %d: %w", pid, err)
			}
		}
	}
}

// children are the ids of the processes whose parent we are.
func children() ([]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it ended meanwhile
		}
		// The name in brackets may hold anything; behind it stand the state and the parent.
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if parent, _ := strconv.Atoi(fields[1]); parent == os.Getpid() {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
