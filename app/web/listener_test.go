package web

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"syscall"
	"testing"
)

// failing is a listener whose Accept gives errors first.
type failing struct {
	net.Listener
	errs []error
}

func (f *failing) Accept() (net.Conn, error) {
	if len(f.errs) == 0 {
		return nil, net.ErrClosed
	}
	err := f.errs[0]
	f.errs = f.errs[1:]
	return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", err)}
}

func TestRunningOutOfFileDescriptorsEndsNoServer(t *testing.T) {
	l := &failing{errs: []error{syscall.EMFILE, syscall.ENFILE, syscall.ECONNABORTED}}
	_, err := patientListener{l, slog.New(slog.DiscardHandler)}.Accept()
	if !errors.Is(err, net.ErrClosed) || len(l.errs) > 0 {
		t.Errorf("Accept gave %v with %d errors left; want it to wait those out and end with the listener", err, len(l.errs))
	}
}

func TestOnlyNamesOfThisMachineAndConfiguredOnesAreAnswered(t *testing.T) {
	s := &Server{cfg: Config{Addr: "queue.internal:8080", CORSOrigins: []string{"https://tasks.example.com"}}}
	for host, want := range map[string]bool{
		"127.0.0.1:8080": true, "[::1]:8080": true, "localhost": true, "a.localhost:1": true, "QUEUE.internal:8080": true,
		"tasks.example.com": true, "evil.example": false, "evil.example:8080": false, "localhost.evil.example": false,
		"127.0.0.1.evil.example": false,
	} {
		if got := s.knowsHost(host); got != want {
			t.Errorf("host %q is known: %v; want %v", host, got, want)
		}
	}
}
