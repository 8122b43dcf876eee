package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/xuniquepatel/queue-pilot/app/live"
	"github.com/xuniquepatel/queue-pilot/app/web"
)

const (
	httpConnections  = 16
	batchConnections = 4 // calls under way at once; each keeps Redis busy by itself
	httpBatch        = 1000
	httpPatience     = 30 * time.Second // for one answer
)

// serve runs QueuePilot's own web server beside the site, on a free port of the loopback. It ends with the site.
func (s *site) serve(maxSockets int) (addr string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen on the loopback: %w", err)
	}
	hub := live.New(s.client, live.Config{Log: quiet, MaxSockets: maxSockets})
	s.run(hub.Run)
	s.run(web.New(s.client, hub, web.Config{Listener: listener, Log: quiet}).Run)
	return listener.Addr().String(), nil
}

// caller sends requests to a server, on connections that it keeps.
type caller struct {
	*fasthttp.HostClient
	base string
}

func newCaller(addr string, connections int) *caller {
	return &caller{&fasthttp.HostClient{
		Addr: addr, MaxConns: connections, ReadTimeout: httpPatience, WriteTimeout: httpPatience,
		MaxIdemponentCallAttempts: 1,
	}, "http://" + addr}
}

// post sends one request; check looks at the answer, which is 200.
func (c *caller) post(path, contentType string, body []byte, check func([]byte) error) error {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	request.SetRequestURI(c.base + path)
	request.Header.SetMethod(fasthttp.MethodPost)
	request.Header.SetContentType(contentType)
	request.SetBodyRaw(body)
	if err := c.Do(request, response); err != nil {
		return fmt.Errorf("POST %s: %w", path, err)
	}
	if response.StatusCode() != fasthttp.StatusOK {
		return fmt.Errorf("POST %s: status %d, %.200s", path, response.StatusCode(), response.Body())
	}
	return check(response.Body())
}

func measureHTTP(ctx context.Context, b *bed, s size) ([]gauge, error) {
	site := newSite(ctx, b.client)
	gauges, err := b.overHTTP(ctx, site, s)
	return gauges, errors.Join(err, site.stop())
}

func (b *bed) overHTTP(ctx context.Context, site *site, s size) ([]gauge, error) {
	addr, err := site.serve(1)
	if err != nil {
		return nil, err
	}
	calls := newCaller(addr, httpConnections)
	defer calls.CloseIdleConnections()
	var gauges []gauge
	for _, m := range []struct {
		name, beside          string
		n, connections, tasks int
		call                  func() error
	}{
		{"POST /submit_task, 16 connections", floorScripts, s.half(), httpConnections, 1, calls.submitter()},
		{"POST /api/v1/tasks/batch, 1,000 as an array, 4 connections", floorScriptPipe, s.tasks, batchConnections, httpBatch, calls.batcher(asArray)},
		{"POST /api/v1/tasks/batch, 1,000 as NDJSON, 4 connections", floorScriptPipe, s.tasks, batchConnections, httpBatch, calls.batcher(asLines)},
	} {
		var sent atomic.Int64
		rate, err := perSecond(m.n, func() error {
			return atOnce(m.connections, func() error {
				for sent.Add(int64(m.tasks)) <= int64(m.n) {
					if err := errors.Join(ctx.Err(), m.call()); err != nil {
						return err
					}
				}
				return nil
			})
		})
		if err != nil {
			return nil, err
		}
		gauges = append(gauges, gauge{m.name, "tasks/s", rate, m.beside})
	}
	return gauges, nil
}

// submitter submits a task with a new id at each call, as the Python system's clients do.
func (c *caller) submitter() func() error {
	prefix, payload := "bench-"+strconv.FormatInt(time.Now().UnixNano(), 36)+"-", string(Payload())
	var ids atomic.Int64
	return func() error {
		body := fmt.Appendf(nil, `{"task":{"id":"%s%d","type":"%s","payload":%s}}`, prefix, ids.Add(1), noop, payload)
		return c.post("/submit_task", "application/json", body, func([]byte) error { return nil })
	}
}

// form is a way to write many tasks into one body.
type form struct{ contentType, open, between, end string }

var (
	asArray = form{"application/json", "[", ",", "]"}
	asLines = form{"application/x-ndjson", "", "\n", "\n"}
)

// batcher submits the same tasks without ids at each call: the server gives them new ones. Each must have been taken.
func (c *caller) batcher(f form) func() error {
	task := fmt.Appendf(nil, `{"type":"%s","payload":%s}`, noop, Payload())
	body := []byte(f.open)
	body = append(body, bytes.TrimSuffix(bytes.Repeat(append(task, f.between...), httpBatch), []byte(f.between))...)
	body = append(body, f.end...)
	return func() error { return c.post("/api/v1/tasks/batch", f.contentType, body, allCreated) }
}

// allCreated counts instead of decoding: the client shall not cost more than the server.
func allCreated(answer []byte) error {
	if n := bytes.Count(answer, []byte(`"status":201`)); n != httpBatch || !json.Valid(answer) {
		return fmt.Errorf("a batch of %d created %d tasks: %.200s", httpBatch, n, answer)
	}
	return nil
}
