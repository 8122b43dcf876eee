package redistest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Clock is a real redis-server whose clock a test can set.
type Clock struct {
	*Redis
	file string // holds the offset, read at every look at the clock
}

// The places of libfaketime, by how a package manager installs it.
var fakeTimes = []string{
	"/usr/lib/*/faketime/libfaketimeMT.so.1", // Debian, Ubuntu
	"/usr/lib*/faketime/libfaketimeMT.so.1",  // others
	"/opt/homebrew/lib/faketime/libfaketime*.dylib",
	"/usr/local/lib/faketime/libfaketime*.dylib",
}

const fakeTimeHint = "install libfaketime: sudo apt-get install -y libfaketime (Debian, Ubuntu), brew install libfaketime (macOS)"

// NewUnderClock starts a real redis-server whose clock is right until SetOffset. Only the time of day is set: what
// measures how long something took goes on as before, as on a machine whose clock is corrected. The test fails where no
// libfaketime is installed.
func NewUnderClock(t testing.TB, args ...string) *Clock {
	t.Helper()
	library := fakeTime()
	if library == "" {
		t.Fatalf("this test sets the clock of a redis-server with libfaketime, and there is none: %s", fakeTimeHint)
	}
	c := &Clock{file: filepath.Join(t.TempDir(), "offset")}
	c.write(t, 0)
	c.Redis = launch(t, append(os.Environ(),
		// Behind it the C library, so that malloc is its own: jemalloc asks for the time before libfaketime can say it.
		"LD_PRELOAD="+library+":libc.so.6",
		"DYLD_INSERT_LIBRARIES="+library, "DYLD_FORCE_FLAT_NAMESPACE=1",
		"FAKETIME_TIMESTAMP_FILE="+c.file, "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1",
	), args)
	return c
}

func fakeTime() string {
	for _, pattern := range fakeTimes {
		if found, err := filepath.Glob(pattern); err == nil && len(found) > 0 {
			return found[0]
		}
	}
	return ""
}

// SetOffset makes the server's clock jump: from now on it shows the real time plus offset, to the second.
func (c *Clock) SetOffset(offset time.Duration) {
	c.t.Helper()
	c.write(c.t, offset)
}

// write replaces the file in one step: the server may be reading it.
func (c *Clock) write(t testing.TB, offset time.Duration) {
	t.Helper()
	text := fmt.Sprintf("%+d\n", int64(offset.Seconds()))
	err := os.WriteFile(c.file+".new", []byte(text), 0o600)
	if err == nil {
		err = os.Rename(c.file+".new", c.file)
	}
	if err != nil {
		t.Fatalf("set the clock: %v", err)
	}
}
