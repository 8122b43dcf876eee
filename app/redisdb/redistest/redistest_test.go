package redistest_test

import (
	"context"
	"testing"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

func TestAServerCanBeStoppedKilledAndFrozen(t *testing.T) {
	server := redistest.New(t)
	client := redistest.Open(t, server.URL())
	if err := client.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	for _, end := range []func(){server.Stop, server.Kill} {
		end()
		if err := client.Ping(t.Context()).Err(); err == nil {
			t.Fatal("a stopped server answers")
		}
		server.Start()
		if got, err := client.Get(t.Context(), "k").Result(); got != "v" || err != nil {
			t.Fatalf("after the start: %q, %v; want v", got, err)
		}
	}
	server.Pause()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := client.Ping(ctx).Err(); err == nil {
		t.Fatal("a paused server answers")
	}
	server.Resume()
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Fatalf("after the pause: %v", err)
	}
}

func TestEachRunsOnBothStores(t *testing.T) {
	var urls []string
	redistest.Each(t, func(t *testing.T, url string) {
		urls = append(urls, url)
		if err := redistest.Open(t, url).Ping(t.Context()).Err(); err != nil {
			t.Error(err)
		}
	})
	if len(urls) != 2 || urls[0] == urls[1] {
		t.Errorf("ran on %q; want two addresses", urls)
	}
}
