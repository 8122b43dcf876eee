package web

import (
	"errors"
	"log/slog"
	"net"
	"syscall"
	"time"
)

// patientListener waits where the process has no file descriptors left, which a crowd of clients can bring about: to
// give up would end the workers too, and the crowd goes away.
type patientListener struct {
	net.Listener
	log *slog.Logger
}

const (
	acceptPause    = 20 * time.Millisecond
	acceptLogEvery = 10 * time.Second
)

// Accept implements net.Listener.
func (l patientListener) Accept() (net.Conn, error) {
	var logged time.Time
	for {
		c, err := l.Listener.Accept()
		if !passes(err) {
			return c, err
		}
		if time.Since(logged) > acceptLogEvery {
			l.log.Warn("no connection can be taken for now", "error", err)
			logged = time.Now()
		}
		time.Sleep(acceptPause)
	}
}

// passes tells which errors of Accept say nothing about the listener itself.
func passes(err error) bool {
	for _, transient := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		if errors.Is(err, transient) {
			return true
		}
	}
	return false
}

// mostConnections is how many connections are served at once; more are answered 503 and closed. A quarter of the file
// descriptors, at least 32, stays for Redis, the store and sockets' own needs.
func mostConnections() int {
	const otherwise = 100_000
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur > otherwise {
		return otherwise
	}
	return max(int(limit.Cur)-max(int(limit.Cur)/4, 32), 8)
}
