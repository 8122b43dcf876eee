package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fasthttp/websocket"
)

const (
	dialsAtOnce = 32
	dialWithin  = 30 * time.Second
	// snapshotHead holds the beginning of a snapshot with its time.
	snapshotHead = 128
	// viewerBuffer is small, because there are thousands.
	viewerBuffer = 1024
)

// RunCrowd is the other end of the measurement of sockets, in a process of its own: see Config.Crowd. It takes orders as
// lines of JSON from in and answers each with a line on out, until in ends.
func RunCrowd(in io.Reader, out io.Writer) error {
	raiseFiles()
	var all viewers
	defer all.disperse()
	lines, answers := bufio.NewScanner(in), json.NewEncoder(out)
	for lines.Scan() {
		var o order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return fmt.Errorf("read an order: %w", err)
		}
		sight, err := all.obey(o)
		a := answer{Sight: sight}
		if err != nil {
			a.Error = err.Error()
		}
		if err := answers.Encode(a); err != nil {
			return fmt.Errorf("answer an order: %w", err)
		}
	}
	return lines.Err()
}

// viewers are sockets at /ws.
type viewers struct {
	each     []*viewer
	readers  sync.WaitGroup
	watching atomic.Bool // between begin and end
}

// viewer is one socket and what it got. Its reader ends when the connection does.
type viewer struct {
	ws    *websocket.Conn
	first chan struct{} // closed with its first snapshot

	mu    sync.Mutex
	got   []receipt // while watching; by time
	ended error
}

// receipt is a snapshot that came.
type receipt struct{ at, when int64 } // its own time in ms, and when it came in µs

func (v *viewers) obey(o order) (crowdSight, error) {
	switch o.Do {
	case "gather":
		return crowdSight{}, v.gather(o.Addr, o.Viewers)
	case "begin":
		v.begin()
		return crowdSight{}, nil
	case "end":
		return v.end()
	case "disperse":
		v.disperse()
		return crowdSight{}, nil
	}
	return crowdSight{}, fmt.Errorf("%q is no order", o.Do)
}

// gather connects until there are n.
func (v *viewers) gather(addr string, n int) error {
	added := make([]*viewer, n-len(v.each))
	var next atomic.Int64
	err := atOnce(dialsAtOnce, func() error {
		for {
			i := int(next.Add(1)) - 1
			if i >= len(added) {
				return nil
			}
			one, err := dial(addr)
			if err != nil {
				return fmt.Errorf("viewer %d: %w", i, err)
			}
			added[i] = one
			v.readers.Go(func() { v.read(one) })
		}
	})
	v.each = append(v.each, slices.DeleteFunc(added, func(one *viewer) bool { return one == nil })...)
	if err != nil {
		return err
	}
	deadline := time.After(dialWithin)
	for i, one := range v.each {
		select {
		case <-one.first:
		case <-deadline:
			return fmt.Errorf("viewer %d got no snapshot within %v", i, dialWithin)
		}
	}
	return nil
}

func dial(addr string) (*viewer, error) {
	dialer := websocket.Dialer{
		HandshakeTimeout: dialWithin, ReadBufferSize: viewerBuffer, WriteBufferSize: viewerBuffer,
		NetDial: func(network, addr string) (net.Conn, error) {
			conn, err := net.DialTimeout(network, addr, dialWithin)
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // thousands of closed connections would keep their ports for a minute
			}
			return conn, err
		},
	}
	ws, response, err := dialer.Dial("ws://"+addr+"/ws", nil)
	if err != nil {
		return nil, fmt.Errorf("connect to /ws: %w", err)
	}
	_ = response.Body.Close() // empty
	return &viewer{ws: ws, first: make(chan struct{})}, nil
}

func (v *viewers) read(one *viewer) {
	head, seen := make([]byte, snapshotHead), false
	for {
		at, err := one.next(head)
		if err != nil {
			one.mu.Lock()
			one.ended = err
			one.mu.Unlock()
			return
		}
		if !seen {
			seen = true
			close(one.first)
		}
		if v.watching.Load() {
			one.mu.Lock()
			one.got = append(one.got, receipt{at, time.Now().UnixMicro()})
			one.mu.Unlock()
		}
	}
}

// next reads one message whole, and of it only the snapshot's time.
func (one *viewer) next(head []byte) (at int64, err error) {
	_, message, err := one.ws.NextReader()
	if err != nil {
		return 0, err
	}
	n, err := io.ReadFull(message, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, err
	}
	if _, err := io.Copy(io.Discard, message); err != nil {
		return 0, err
	}
	return timeOf(head[:n])
}

// timeOf finds the time in the head of a snapshot.
func timeOf(head []byte) (int64, error) {
	_, rest, _ := bytes.Cut(head, []byte(`"at":"`))
	text, _, found := bytes.Cut(rest, []byte(`"`))
	at, err := time.Parse(time.RFC3339, string(text))
	if !found || err != nil {
		return 0, fmt.Errorf("a message without a snapshot's time: %.100q", head)
	}
	return at.UnixMilli(), nil
}

func (v *viewers) begin() {
	for _, one := range v.each {
		one.mu.Lock()
		one.got = one.got[:0]
		one.mu.Unlock()
	}
	v.watching.Store(true)
}

func (v *viewers) end() (crowdSight, error) {
	v.watching.Store(false)
	var s crowdSight
	seen := make([][]receipt, len(v.each))
	for i, one := range v.each {
		one.mu.Lock()
		seen[i] = slices.Clone(one.got)
		err := one.ended
		one.mu.Unlock()
		if err != nil {
			return s, fmt.Errorf("viewer %d lost its connection: %w", i, err)
		}
		s.Messages += int64(len(seen[i]))
	}
	s.Arrivals = arrivals(seen)
	return s, nil
}

// arrivals finds for each snapshot when the last viewer had it, or a newer one. What some viewers never had is left out:
// it was under way at the end.
func arrivals(seen [][]receipt) []arrival {
	last, had := map[int64]int64{}, map[int64]int{}
	for _, got := range seen {
		for _, r := range got {
			last[r.at] = 0
		}
	}
	times := slices.Sorted(maps.Keys(last))
	for _, got := range seen {
		i := 0
		for _, at := range times {
			for i < len(got) && got[i].at < at {
				i++
			}
			if i < len(got) {
				last[at] = max(last[at], got[i].when)
				had[at]++
			}
		}
	}
	var all []arrival
	for _, at := range times {
		if had[at] == len(seen) {
			all = append(all, arrival{at, last[at]})
		}
	}
	return all
}

// disperse closes all connections and waits for their readers.
func (v *viewers) disperse() {
	for _, one := range v.each {
		_ = one.ws.Close() // it may have ended by itself
	}
	v.readers.Wait()
	v.each = nil
}
