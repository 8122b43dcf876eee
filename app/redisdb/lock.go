package redisdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// lockPatience is for a predecessor that is still stopping: a redis-server whose parent was killed takes some 25 ms.
	lockPatience = 3 * time.Second
	lockPoll     = 20 * time.Millisecond
)

// lockFolder takes the folder for this process, until the returned file is closed or the process ends, however it ends.
// A child that inherits the file holds the lock too.
func lockFolder(ctx context.Context, dir string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	if err := flock(ctx, file); err != nil {
		return nil, errors.Join(fmt.Errorf("lock the data folder %s: %w", dir, err), file.Close())
	}
	pid := strconv.Itoa(os.Getpid()) + "\n"
	if err := errors.Join(file.Truncate(0), writeAt(file, pid)); err != nil {
		return nil, errors.Join(fmt.Errorf("write to the data folder %s: %w", dir, err), file.Close())
	}
	return file, nil
}

// flock polls, because a waiting flock cannot be interrupted by ctx.
func flock(ctx context.Context, file *os.File) error {
	patience, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return err
		}
		select {
		case <-patience.Done():
			return fmt.Errorf("it is in use by another QueuePilot (process %s): stop that one, or name another data folder",
				owner(file))
		case <-time.After(lockPoll):
		}
	}
}

func owner(file *os.File) string {
	text := make([]byte, 20)
	n, _ := file.ReadAt(text, 0) // the end of the file is an error here, and expected
	if n == 0 {
		return "unknown"
	}
	return strings.TrimSpace(string(text[:n]))
}

func writeAt(file *os.File, text string) error {
	_, err := file.WriteAt([]byte(text), 0)
	return err
}
