package harness

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// Network is a bad network between processes and a Redis: toxiproxy, in this process.
type Network struct {
	t     testing.TB
	proxy *toxiproxy.Proxy
}

// NewNetwork returns a good network to the Redis at target, host:port. It is gone when the test ends.
func NewNetwork(t testing.TB, target string) *Network {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	n := &Network{t: t, proxy: toxiproxy.NewProxy(server, "redis", "127.0.0.1:0", target)}
	if err := n.proxy.Start(); err != nil {
		t.Fatalf("start the network: %v", err)
	}
	t.Cleanup(n.proxy.Stop)
	return n
}

// URL is the address to give to a process instead of the Redis's own.
func (n *Network) URL() string { return "redis://" + n.proxy.Listen + "/0" }

// Toxic makes the network bad from now on, as toxiproxy calls it: "latency" {latency, jitter} in ms, "bandwidth" {rate}
// in KB/s, "timeout" {timeout: 0}, which swallows everything and says nothing, "reset_peer" {timeout} and so on.
// stream is "upstream", towards Redis, or "downstream".
func (n *Network) Toxic(kind, stream string, attributes map[string]int) {
	n.t.Helper()
	text, err := json.Marshal(map[string]any{
		"name": kind + "_" + stream, "type": kind, "stream": stream, "attributes": attributes,
	})
	if err == nil {
		_, err = n.proxy.Toxics.AddToxicJson(strings.NewReader(string(text)))
	}
	if err != nil {
		n.t.Fatalf("make the network %s: %v", kind, err)
	}
}

// Heal makes the network good again. Connections that were swallowed are closed.
func (n *Network) Heal() { n.proxy.Toxics.ResetToxics(context.Background()) }

// Cut ends every connection and refuses new ones, until Mend.
func (n *Network) Cut() { n.proxy.Stop() }

// Mend ends a Cut.
func (n *Network) Mend() {
	n.t.Helper()
	if err := n.proxy.Start(); err != nil {
		n.t.Fatalf("start the network again: %v", err)
	}
}
