package harness

import (
	"bufio"
	"crypto/sha1" // #nosec G505: Redis names scripts by it
	"encoding/hex"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2/proto"
)

// Fate is what a Proxy does with a command.
type Fate int

// The fates of a command. What a client sees of the last two is the same: its connection breaks.
const (
	Pass       Fate = iota
	CutBefore       // the server never gets the command
	CutAfter        // the server runs the command, and its reply is never delivered
	DropBefore      // the server never gets the command and the client hears nothing, until the proxy is closed
)

// Proxy stands between processes and a Redis, and decides about each command by its name: a script by the name of its
// move ("submit", "turn"), any other command by its own in lower case ("blpop"). It learns the scripts' names by
// answering NOSCRIPT to a hash that it does not know yet, as a server whose cache was flushed does.
type Proxy struct {
	t        testing.TB
	target   string
	listener net.Listener
	serving  sync.WaitGroup

	mu     sync.Mutex
	decide func(command string) Fate
	names  map[string]string // of scripts, by their hash
	open   map[net.Conn]bool
	closed bool
}

// NewProxy starts a proxy to the Redis at target, host:port. It is closed when the test ends.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{
		t: t, target: target, listener: listener, names: map[string]string{}, open: map[net.Conn]bool{},
		decide: func(string) Fate { return Pass },
	}
	p.serving.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// URL is the address to give to a process instead of the Redis's own.
func (p *Proxy) URL() string { return "redis://" + p.listener.Addr().String() + "/0" }

// Decide makes every command's fate the answer of decide, which is called for one command at a time. nil lets all pass.
func (p *Proxy) Decide(decide func(command string) Fate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if decide == nil {
		decide = func(string) Fate { return Pass }
	}
	p.decide = decide
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.serving.Go(func() { p.serve(client) })
	}
}

func (p *Proxy) close() {
	_ = p.listener.Close() // its error says that it is closed
	p.mu.Lock()
	p.closed = true
	for conn := range p.open {
		_ = conn.Close()
	}
	p.mu.Unlock()
	p.serving.Wait()
}

// track remembers a connection, so that close ends it; false where the proxy is closed already.
func (p *Proxy) track(conn net.Conn, open bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	if open {
		p.open[conn] = true
	} else {
		delete(p.open, conn)
	}
	return true
}

// serve passes commands and replies one by one, until either side closes or a command's fate is to be cut.
func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	for _, conn := range []net.Conn{client, server} {
		if !p.track(conn, true) {
			return
		}
		defer p.track(conn, false)
	}
	requests, replies := bufio.NewReader(client), bufio.NewReader(server)
	for {
		raw, err := proto.Read(requests)
		if err != nil || !p.pass(client, server, replies, raw) {
			return
		}
		if command := name(raw); command == "subscribe" || command == "psubscribe" {
			p.pipe(client, server, requests, replies)
			return
		}
	}
}

// pass handles one command and reports whether the connection lives on.
func (p *Proxy) pass(client, server net.Conn, replies *bufio.Reader, raw string) bool {
	command, known := p.identify(raw)
	if !known {
		return send(client, "-NOSCRIPT No matching script. Please use EVAL.\r\n")
	}
	fate := p.fate(command)
	switch fate {
	case CutBefore:
		return false
	case DropBefore:
		_, _ = io.Copy(io.Discard, client) // until the client gives up
		return false
	}
	if !send(server, raw) {
		return false
	}
	if command == "subscribe" || command == "psubscribe" {
		return true // its replies come as they like
	}
	reply, err := proto.Read(replies)
	return err == nil && fate == Pass && send(client, reply)
}

func (p *Proxy) fate(command string) Fate {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.decide(command)
}

// pipe copies both ways: what a subscriber hears has no command before it.
func (p *Proxy) pipe(client, server net.Conn, requests, replies *bufio.Reader) {
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(client, replies) // ends when either side closes
		_ = client.Close()
	})
	_, _ = io.Copy(server, requests)
	_ = server.Close()
	back.Wait()
}

var header = regexp.MustCompile(`(?m)^-- (\w+)\.lua:`)

// identify names a command. It is unknown where it is a script by its hash alone that never passed in full.
func (p *Proxy) identify(raw string) (command string, known bool) {
	words, err := proto.ReadStrings(raw)
	if err != nil || len(words) == 0 {
		return "", true
	}
	command = strings.ToLower(words[0])
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case command == "eval" && len(words) > 1:
		move := moveOf(words[1])
		if move == "" {
			return command, true
		}
		sum := sha1.Sum([]byte(words[1])) // #nosec G401: as Redis does
		p.names[hex.EncodeToString(sum[:])] = move
		return move, true
	case command == "evalsha" && len(words) > 1:
		move, known := p.names[words[1]]
		return move, known
	}
	return command, true
}

// moveOf is the file of the script's last part, but for those that only drive the part before them; "" where it has none.
func moveOf(script string) string {
	found := header.FindAllStringSubmatch(script, -1)
	for i := len(found) - 1; i >= 0; i-- {
		if move := found[i][1]; move != "try" && move != "one" {
			return move
		}
	}
	return ""
}

func name(raw string) string {
	words, err := proto.ReadStrings(raw)
	if err != nil || len(words) == 0 {
		return ""
	}
	return strings.ToLower(words[0])
}

func send(conn net.Conn, text string) bool {
	_, err := io.WriteString(conn, text)
	return err == nil
}
