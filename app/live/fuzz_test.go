package live

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// awayHub is a hub whose Redis never answers: what a browser sends is judged before anything is read.
func awayHub(f *testing.F) *Hub {
	f.Helper()
	rdb := redis.NewClient(&redis.Options{
		MaxRetries: -1, DialerRetries: 1, PoolSize: 1 << 20, // below as many failures the pool starts no prober
		Dialer: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("away") },
	})
	f.Cleanup(func() { _ = rdb.Close() })
	return New(queue.New(rdb), Config{Log: slog.New(slog.DiscardHandler)})
}

// A browser gets what it asked for, or the stream ends and says why; the server's own books stay in order.
func FuzzABrowsersMessageIsFollowedOrEndsTheStream(f *testing.F) {
	for _, text := range []string{
		`{"type":"sub","epoch":"e","topics":{"overview":0,"task:T1":7,"tasks?state=failed&q=a":-1,"chrome":9223372036854775807}}`,
		`{"type":"sub","topics":{"task:a|b":0}}`, `{"type":"sub","topics":{"tasks?%zz":-9223372036854775808}}`,
		`{"type":"sub","topics":{"1":0,"2":0,"3":0,"4":0,"5":0,"6":0,"7":0,"8":0,"9":0}}`, `{"type":"sub","topics":null}`,
		`{"type":"vis","hidden":true}`, `{"type":"pong"}`, `{"type":7}`, `null`, `[]`, ``, "\xff",
	} {
		f.Add(text, "e")
	}
	hub := awayHub(f)
	f.Fuzz(func(t *testing.T, text, epoch string) {
		hub.epoch = epoch
		clear(hub.topics)
		v := &viewer{hub: hub, wake: make(chan struct{}, 1), fail: make(chan bye, 1)}
		defer v.follow(nil)
		v.receive([]byte(text))
		var r request
		badJSON := json.Unmarshal([]byte(text), &r) != nil
		select {
		case b := <-v.fail:
			checkRefused(t, text, r, badJSON, b)
		default:
			checkFollowed(t, text, r, badJSON, v)
		}
	})
}

// checkRefused: only what cannot be followed ends the stream.
func checkRefused(t *testing.T, text string, r request, badJSON bool, b bye) {
	t.Helper()
	impossible := len(r.Topics) > uiTopics
	for name := range r.Topics {
		_, err := newSource(name)
		impossible = impossible || err != nil
	}
	if b.Code != "bad_request" || b.Retry <= 0 || !badJSON && (r.Type != "sub" || !impossible) {
		t.Fatalf("%q ends the stream with %+v", text, b)
	}
}

func checkFollowed(t *testing.T, text string, r request, badJSON bool, v *viewer) {
	t.Helper()
	want := 0
	if r.Type == "sub" {
		want = len(r.Topics)
	}
	if badJSON || len(v.topics) != want || len(v.hub.topics) > want || v.hidden != (r.Type == "vis" && r.Hidden) {
		t.Fatalf("%q is followed as %d topics (hidden %v); want %d", text, len(v.topics), v.hidden, want)
	}
	v.take()
	for _, topic := range v.topics {
		if !topic.empty() && topic.has != topic.seq {
			t.Fatalf("%q: %s stands at %d and its viewer at %d after all was sent", text, topic.name, topic.seq, topic.has)
		}
	}
	_ = v.pingNow() // must be JSON whatever is followed
}
