package redisdb_test

import (
	"bufio"
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/redisdb"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

func TestTheFateOfACommandIsToldFromItsError(t *testing.T) {
	for name, c := range map[string]struct {
		answer                   string // "" breaks the connection, "-" says nothing
		lost, refused, migrating bool
	}{
		"broken":       {"", true, false, false},
		"no answer":    {"-", true, false, false},
		"error":        {"-ERR wrong", false, false, false},
		"no memory":    {"-OOM command not allowed", false, false, false},
		"replica":      {"-READONLY You can't write against a read only replica.", false, true, false},
		"script there": {"-READONLY You can't write against a read only replica. script: f, on @user_script:1.", false, true, false},
		"loading":      {"-LOADING Redis is loading the dataset in memory", false, true, false},
		"master down":  {"-MASTERDOWN Link with MASTER is down", false, true, false},
		"cluster down": {"-CLUSTERDOWN The cluster is down", false, true, false},
		"migrating":    {"-TRYAGAIN Multiple keys request during rehashing of slot", false, false, true},
		"asked":        {"-ASK 1 127.0.0.1:1", false, false, true},
		"moved":        {"-MOVED 1 127.0.0.1:1", false, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			client := redistest.Open(t, answering(t, c.answer)+"?read_timeout=100ms")
			err := client.Set(t.Context(), "k", "v", 0).Err()
			if redisdb.Lost(err) != c.lost || redisdb.Refused(err) != c.refused || redisdb.Migrating(err) != c.migrating {
				t.Errorf("%v: lost %v, refused %v, migrating %v; want %v, %v, %v", err, redisdb.Lost(err), redisdb.Refused(err),
					redisdb.Migrating(err), c.lost, c.refused, c.migrating)
			}
		})
	}
}

func TestTheEndOfACallerIsNoLostReply(t *testing.T) {
	client := redistest.Open(t, answering(t, "+OK"))
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if err := client.Set(ctx, "k", "v", 0).Err(); err == nil || redisdb.Lost(err) {
		t.Errorf("%v counts as lost", err)
	}
	_ = client.Close()
	if err := client.Set(t.Context(), "k", "v", 0).Err(); err == nil || redisdb.Lost(err) {
		t.Errorf("%v counts as lost", err)
	}
}

func TestAServerThatIsNotThereMayBeAskedAgain(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	err = redistest.Open(t, "redis://"+listener.Addr().String()).Set(t.Context(), "k", "v", 0).Err()
	if !redisdb.Lost(err) {
		t.Errorf("%v does not count as lost", err)
	}
}

// answering is the address of a server that answers every SET as told, and everything else with an error.
func answering(t *testing.T, answer string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(conn, answer)
		}
	}()
	return "redis://" + listener.Addr().String()
}

func serve(conn net.Conn, answer string) {
	defer conn.Close()
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		line, reply := strings.ToLower(lines.Text()), ""
		switch {
		case line == "hello", line == "client":
			reply = "-ERR unknown command"
		case line == "set" && answer == "":
			return
		case line == "set" && answer != "-":
			reply = answer
		}
		if reply != "" {
			_, _ = conn.Write([]byte(reply + "\r\n"))
		}
	}
}
