package browser

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
)

// mostSent is what a viewer may be sent in a second, in bytes as they come over the wire.
const mostSent = 3 << 10

// measured counts what a connection reads.
type measured struct {
	net.Conn
	bytes *atomic.Int64
}

func (m measured) Read(b []byte) (int, error) {
	n, err := m.Conn.Read(b)
	m.bytes.Add(int64(n))
	return n, err
}

// A machine that is busy sends fewer frames, and so less.
func TestALivePageIsSentLittleWhileAHundredTasksASecondAreDone(t *testing.T) {
	s := newSite(t)
	defer s.load(100)()
	for _, topic := range []string{"overview", "queues", "tasks?", "queue:queue-0"} {
		sent := s.bytesASecond(topic, size(5, 30))
		t.Logf("%s: %.0f bytes a second", topic, sent)
		if sent > mostSent {
			t.Errorf("a viewer of %s is sent %.0f bytes a second; want at most %d", topic, sent, mostSent)
		}
	}
}

// bytesASecond follows a page's topics as a browser does, and returns the bytes a second that come after the first frame.
func (s *site) bytesASecond(topic string, seconds int) float64 {
	s.t.Helper()
	var bytes atomic.Int64
	through := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		return measured{c, &bytes}, err
	}}
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Duration(seconds)*time.Second+harness.Patience)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, strings.Replace(s.URL, "http", "ws", 1)+"/ws/ui", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: through}, CompressionMode: websocket.CompressionNoContextTakeover,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = ws.CloseNow() }()
	ws.SetReadLimit(1 << 20)
	if err := ws.Write(ctx, websocket.MessageText, []byte(`{"type":"sub","topics":{"chrome":0,"`+topic+`":0}}`)); err != nil {
		s.t.Fatal(err)
	}
	var began time.Time
	for before := int64(0); ; {
		_, text, err := ws.Read(ctx)
		if err != nil {
			s.t.Fatal(err)
		}
		if began.IsZero() && strings.Contains(string(text), `"t":"`+topic+`"`) {
			began, before = time.Now(), bytes.Load()
		} else if took := time.Since(began); !began.IsZero() && took >= time.Duration(seconds)*time.Second {
			return float64(bytes.Load()-before) / took.Seconds()
		}
	}
}
