package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/xuniquepatel/queue-pilot/app/cli"
	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

const kilobytesAReader = 1 << 10

func TestRow22SlowReadersCostLittleAndHarmNobody(t *testing.T) {
	row(t, 22, "500 slow socket readers", func(f *fault) {
		s := newSite(f, harness.Setup{WorkerTimeout: calm})
		s.crew(2, 4)
		fast := s.readFast()
		<-s.load(200, 10, 10*time.Millisecond, s.named("warm", 5)) // what a busy web process needs without them
		before := int(s.Web.Memory() >> 10)
		readers := s.slowReaders(size(50, 500))
		<-s.load(size(800, 8000), 5, size(30*time.Millisecond, 25*time.Millisecond), s.work(5))
		each := float64(int(s.Web.Memory()>>10)-before) / float64(len(readers))
		if f.figure("kilobytes_a_reader", each); each > kilobytesAReader {
			f.Errorf("the web process grew by %.0f KB a slow reader; promised: %d", each, kilobytesAReader)
		}
		f.within("fast_reader_longest_silence", fast(), time.Second)
		s.catchUp(readers)
		s.drain()
		s.converges(len(unique(s.ids())))
		s.verify(0, 0)
	})
}

// dialSocket opens a socket and reads nothing.
func dialSocket(f *fault, url, path string) *websocket.Conn {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), harness.Patience)
	defer cancel()
	address := strings.Replace(url, "http", "ws", 1) + path
	conn, _, err := websocket.Dial(ctx, address, nil)
	if err != nil {
		f.Fatalf("open %s: %v", path, err)
	}
	f.Cleanup(func() { _ = conn.CloseNow() })
	conn.SetReadLimit(16 << 20)
	return conn
}

// slowReaders opens n sockets, every other one a dashboard's, that are not read.
func (s *site) slowReaders(n int) []*websocket.Conn {
	s.f.Helper()
	readers := make([]*websocket.Conn, n)
	for i := range readers {
		readers[i] = dialSlow(s.f, s.URL, i)
	}
	return readers
}

func dialSlow(f *fault, url string, i int) *websocket.Conn {
	f.Helper()
	if i%2 == 0 {
		return dialSocket(f, url, "/ws")
	}
	conn := dialSocket(f, url, "/ws/ui")
	sub := `{"type":"sub","topics":{"chrome":0,"overview":0}}`
	if err := conn.Write(f.Context(), websocket.MessageText, []byte(sub)); err != nil {
		f.Fatal(err)
	}
	return conn
}

// readFast reads snapshots until the returned function is called, which tells the longest silence between two.
func (s *site) readFast() (longest func() time.Duration) {
	s.f.Helper()
	conn := dialSocket(s.f, s.URL, "/ws")
	ctx, cancel := context.WithCancel(s.f.Context())
	silence := make(chan time.Duration, 1)
	go func() {
		var most time.Duration
		defer func() { silence <- most }()
		for last := time.Now(); ; last = time.Now() {
			if _, _, err := conn.Read(ctx); err != nil {
				if ctx.Err() == nil {
					s.f.Errorf("the fast reader was cut off: %v", err)
				}
				return
			}
			most = max(most, time.Since(last))
		}
	}()
	return func() time.Duration {
		cancel()
		return <-silence
	}
}

// catchUp lets the slow readers read again: each gets to the present at once, or was cut off and may come back.
func (s *site) catchUp(readers []*websocket.Conn) {
	s.f.Helper()
	<-s.load(10, 10, 0, s.named("late", 1)) // the present is something that they have not seen
	began, cut, stale, slowest := time.Now(), 0, 0, time.Duration(0)
	for i, conn := range readers {
		if i%2 == 1 {
			continue // a dashboard shows its state by markup: see the tests of its own
		}
		woke := time.Now()
		old, err := s.reachPresent(conn, began)
		if err != nil {
			cut++
			conn = dialSocket(s.f, s.URL, "/ws")
			if old, err = s.reachPresent(conn, began); err != nil || old > 1 {
				s.f.Errorf("one that came back read %d old snapshots and %v; want one of the present", old, err)
			}
			continue
		}
		stale, slowest = max(stale, old), max(slowest, time.Since(woke))
	}
	s.f.figure("cut_off", float64(cut))
	s.f.figure("most_old_messages", float64(stale))
	s.f.within("slowest_to_the_present", slowest, time.Second)
}

// reachPresent reads until a snapshot is younger than moment, and returns how many were older. An error is that of a
// connection that has ended.
func (s *site) reachPresent(conn *websocket.Conn, moment time.Time) (old int, err error) {
	ctx, cancel := context.WithTimeout(s.f.Context(), harness.Patience)
	defer cancel()
	for ; ; old++ {
		_, text, err := conn.Read(ctx)
		if err != nil {
			if errors.Is(err, context.DeadlineExceeded) {
				s.f.Errorf("a reader that reads again heard nothing of the present for %v", harness.Patience)
			}
			return old, err
		}
		var snapshot struct{ At time.Time }
		if err := json.Unmarshal(text, &snapshot); err != nil {
			s.f.Fatal(err)
		}
		if snapshot.At.After(moment) {
			return old, nil
		}
	}
}

// named is work under other names.
func (s *site) named(prefix string, most int) func(i int) harness.New {
	work := s.work(most)
	return func(i int) harness.New {
		task := work(i)
		task["id"] = fmt.Sprintf("%s-%d", prefix, i)
		return task
	}
}

func TestRow22NothingStaysOfAReaderThatLeft(t *testing.T) {
	row(t, 22, "500 slow socket readers", func(f *fault) {
		url := openWeb(f, redistest.New(f).URL())
		var readers []*websocket.Conn
		for i := range size(20, 200) {
			readers = append(readers, dialSlow(f, url, i))
		}
		harness.Until(f, "every reader is served", func() error {
			if n := socketGoroutines(); n < len(readers) {
				return fmt.Errorf("%d goroutines serve %d readers", n, len(readers))
			}
			return nil
		})
		for _, conn := range readers {
			if err := conn.CloseNow(); err != nil {
				f.Error(err)
			}
		}
		harness.Until(f, "no goroutine of a socket is left", func() error {
			if n := socketGoroutines(); n > 0 {
				return fmt.Errorf("%d are", n)
			}
			return nil
		})
	})
}

// openWeb runs web and monitor in this process until the test ends, and returns the address.
func openWeb(f *fault, redisURL string) string {
	f.Helper()
	cfg := cli.DefaultConfig()
	cfg.RedisURL, cfg.Addr = redisURL, "127.0.0.1:0"
	ctx, stop := context.WithCancel(context.WithoutCancel(f.Context()))
	app, err := cli.Open(ctx, cfg, cli.Web|cli.Monitor, nil)
	if err != nil {
		stop()
		f.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- app.Run(ctx) }()
	f.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			f.Errorf("web ended with %v", err)
		}
	})
	harness.NewAPI(f, app.URL()).UntilReady()
	return app.URL()
}

// socketGoroutines counts the goroutines of this process that serve or read a socket of the server.
func socketGoroutines() int {
	for room := 1 << 20; ; room *= 2 {
		stacks := make([]byte, room)
		if n := runtime.Stack(stacks, true); n < room {
			return strings.Count(string(stacks[:n]), "app/live.(*socket).read(") + strings.Count(string(stacks[:n]), "app/live.(*Hub).serve(")
		}
	}
}
