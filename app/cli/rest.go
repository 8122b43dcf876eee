package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// serverFlags are what every client command has.
type serverFlags struct {
	Server string `default:"http://127.0.0.1:8080" placeholder:"URL" help:"Address of a running QueuePilot; where serve listens by default."`
	JSON   bool   `help:"Print JSON, as the API answered."`
}

const (
	// restTimeout is for one request: above the longest wait that the API offers, 60 s.
	restTimeout = 75 * time.Second
	mostAnswer  = 64 << 20 // bytes read of one answer
	jsonContent = "application/json"
)

// rest speaks to the REST API of one server.
type rest struct {
	base *url.URL
	http *http.Client
}

func (f serverFlags) open() (*rest, error) {
	base, err := url.Parse(f.Server)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, usagef("--server is %q; wanted: an address such as http://127.0.0.1:8080", f.Server)
	}
	return &rest{base: base, http: &http.Client{Timeout: restTimeout}}, nil
}

// get reads path, which may have a query, and returns the JSON that came back.
func (r *rest) get(ctx context.Context, path string) (json.RawMessage, error) {
	return r.send(ctx, http.MethodGet, path, "", nil)
}

func (r *rest) post(ctx context.Context, path, contentType string, body []byte) (json.RawMessage, error) {
	return r.send(ctx, http.MethodPost, path, contentType, body)
}

func (r *rest) send(ctx context.Context, method, path, contentType string, body []byte) (json.RawMessage, error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(r.base.String(), "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask the server: %w", err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := r.http.Do(req) // #nosec G107: the address is the user's own
	if err != nil {
		return nil, r.noAnswer(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it is read to its end
	answer, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the server's answer: %w", err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return nil, refused(resp, answer)
	}
	return answer, nil
}

func (r *rest) noAnswer(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("no server answers at %s: start one with queuepilot serve, or pass --server URL", r.base)
	}
	return fmt.Errorf("ask the server: %w", err)
}

// refused makes an error of the server's problem.
func refused(resp *http.Response, answer []byte) error {
	var problem struct{ Detail string }
	if json.Unmarshal(answer, &problem) != nil || problem.Detail == "" {
		return fmt.Errorf("the server answered %s; is --server a QueuePilot?", resp.Status)
	}
	err := fmt.Errorf("%s (%d)", problem.Detail, resp.StatusCode)
	if resp.StatusCode == http.StatusUnprocessableEntity { // a value on the command line that only the server judges
		return usageError{err}
	}
	return err
}

// into decodes what get or post returned.
func into[T any](answer json.RawMessage, err error) (T, error) {
	var v T
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(answer, &v); err != nil {
		return v, fmt.Errorf("the server's answer is not what this program knows, perhaps another version: %w", err)
	}
	return v, nil
}
