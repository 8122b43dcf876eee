package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/bench"
	"github.com/xuniquepatel/queue-pilot/app/redisdb"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/child"
)

const (
	bullmqName = "BullMQ"
	// bullmqFolder holds the script, and node_modules once BullMQ is installed. It is seen from this module's folder,
	// where `go run` and `go test` run.
	bullmqFolder = "bullmq"
	// bullmqIdle is the pause between two tasks that are picked up, on average; BullMQ's worker waits in Redis.
	bullmqIdle = 10 * time.Millisecond
	// bullmqStop is how long node may take to end once its standard input has.
	bullmqStop = 5 * time.Second
)

// bullmqPeer is BullMQ in a node process, which answers each request, a line of JSON, with one line.
type bullmqPeer struct {
	name    string
	rdb     redis.UniversalClient
	process *child.Process
	in      io.WriteCloser
	out     *bufio.Scanner
}

// request is what peer.mjs reads; each act uses some of the fields.
type request struct {
	Do        string  `json:"do"`
	Socket    string  `json:"socket,omitempty"`
	Payload   string  `json:"payload,omitempty"`
	N         int     `json:"n,omitempty"`
	Producers int     `json:"producers,omitempty"`
	Batch     int     `json:"batch,omitempty"`
	Slots     int     `json:"slots,omitempty"`
	Samples   int     `json:"samples,omitempty"`
	IdleMS    float64 `json:"idle_ms,omitempty"`
}

// answer is what peer.mjs writes; each act fills some of the fields.
type answer struct {
	Error   string    `json:"error"`
	Version string    `json:"version"`
	Node    string    `json:"node"`
	MS      float64   `json:"ms"`
	WaitsMS []float64 `json:"waits_ms"`
}

func openBullMQ(ctx context.Context, url string) (opened, error) {
	if _, err := exec.LookPath("node"); err != nil {
		return opened{}, notHere("no node on PATH")
	}
	if _, err := os.Stat(filepath.Join(bullmqFolder, "node_modules", "bullmq")); err != nil {
		return opened{}, notHere("BullMQ is not installed (npm ci --prefix app/e2e/peers/bullmq)")
	}
	o, err := redis.ParseURL(url)
	if err != nil {
		return opened{}, err
	}
	rdb, err := redisdb.Open(ctx, url)
	if err != nil {
		return opened{}, err
	}
	p := &bullmqPeer{rdb: rdb}
	if err := p.launch(); err != nil {
		return opened{}, errors.Join(err, rdb.Close())
	}
	is, err := p.ask(ctx, request{Do: "open", Socket: o.Addr, Payload: string(bench.Payload())})
	if err != nil {
		return opened{}, errors.Join(err, p.close())
	}
	p.name = bullmqName + " v" + is.Version
	return opened{
		lines:    []line{{peer: p, samples: 200}},
		settings: []string{"BullMQ: one process of node " + is.Node + "; all producers share its one connection; its settings are the defaults"},
		close:    p.close,
	}, nil
}

func (p *bullmqPeer) launch() error {
	cmd := exec.Command("node", "peer.mjs")
	cmd.Dir, cmd.Stderr = bullmqFolder, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if p.in, err = cmd.StdinPipe(); err != nil {
		return err
	}
	p.out = bufio.NewScanner(out)
	p.out.Buffer(nil, 1<<20) // the waits of some thousand tasks on one line
	p.process, err = child.Start(cmd)
	return err
}

// ask sends one request and waits for its answer. Where ctx ends before, node ends too.
func (p *bullmqPeer) ask(ctx context.Context, r request) (a answer, err error) {
	defer context.AfterFunc(ctx, p.process.Kill)()
	if err := json.NewEncoder(p.in).Encode(r); err != nil {
		return a, fmt.Errorf("ask BullMQ to %s: %w", r.Do, err)
	}
	if !p.out.Scan() {
		return a, fmt.Errorf("ask BullMQ to %s: node ended: %w", r.Do, errors.Join(p.process.Wait(), ctx.Err()))
	}
	if err := json.Unmarshal(p.out.Bytes(), &a); err != nil {
		return a, fmt.Errorf("ask BullMQ to %s: %w", r.Do, err)
	}
	if a.Error != "" {
		return a, fmt.Errorf("ask BullMQ to %s: %s", r.Do, a.Error)
	}
	return a, nil
}

func (p *bullmqPeer) close() error {
	err := p.in.Close()
	select {
	case <-p.process.Done():
	case <-time.After(bullmqStop):
		p.process.Kill()
	}
	return errors.Join(err, p.rdb.Close())
}

func (p *bullmqPeer) Name() string { return p.name }

func (p *bullmqPeer) Reset(ctx context.Context) error {
	if err := p.rdb.FlushDB(ctx).Err(); err != nil {
		return err
	}
	_, err := p.ask(ctx, request{Do: "reset"})
	return err
}

func (p *bullmqPeer) Submit(ctx context.Context, n, producers, batch int) error {
	_, err := p.ask(ctx, request{Do: "submit", N: n, Producers: producers, Batch: batch})
	return err
}

func (p *bullmqPeer) Drain(ctx context.Context, n, slots int) (time.Duration, error) {
	a, err := p.ask(ctx, request{Do: "drain", N: n, Slots: slots})
	return milliseconds(a.MS), err
}

func (p *bullmqPeer) Both(ctx context.Context, n, producers, slots int) (time.Duration, error) {
	a, err := p.ask(ctx, request{Do: "both", N: n, Producers: producers, Slots: slots})
	return milliseconds(a.MS), err
}

func (p *bullmqPeer) PickUp(ctx context.Context, samples int) ([]time.Duration, error) {
	a, err := p.ask(ctx, request{
		Do: "pick_up", Samples: samples, Slots: pickUpSlots, IdleMS: float64(bullmqIdle.Milliseconds()),
	})
	took := make([]time.Duration, len(a.WaitsMS))
	for i, ms := range a.WaitsMS {
		took[i] = milliseconds(ms)
	}
	return took, err
}

func (p *bullmqPeer) Bytes(ctx context.Context, n int) (float64, error) {
	return redisBytes(ctx, p.rdb, p, n, 1, fillBatch)
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
