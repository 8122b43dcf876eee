package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

const (
	batchTasks = 1000    // in one request: short enough that a failure costs little
	batchBytes = 4 << 20 // a quarter of what a request may have
	longestRow = queue.MaxPayload + 100<<10
)

// outcome is what the API says of one task of a batch.
type outcome struct {
	ID     string `json:"id"`
	Status int    `json:"status"`
	Error  string `json:"error,omitempty"`
}

// submitLines sends one task a line in batches, and prints what became of each. It fails where one was not accepted,
// after all were tried.
func submitLines(ctx context.Context, server *rest, std streams, asJSON bool) error {
	lines := bufio.NewReaderSize(std.in, 64<<10)
	for total, refused := 0, 0; ; {
		body, n, readErr := nextBatch(lines)
		if n > 0 {
			bad, err := submitBatch(ctx, server, std, body, asJSON)
			if err != nil {
				return fmt.Errorf("after %d tasks: %w", total, err)
			}
			total, refused = total+n, refused+bad
		}
		switch {
		case readErr == nil:
		case !errors.Is(readErr, io.EOF):
			return fmt.Errorf("read standard input after %d tasks: %w", total, readErr)
		case refused > 0:
			return fmt.Errorf("%d of %d tasks were not accepted", refused, total)
		default:
			return nil
		}
	}
}

// nextBatch reads lines until the batch is full or the input ends (io.EOF).
func nextBatch(lines *bufio.Reader) (body []byte, n int, err error) {
	for err == nil && n < batchTasks && len(body) < batchBytes {
		var line []byte
		line, err = readLine(lines)
		if line = bytes.TrimSpace(line); len(line) > 0 {
			body = append(append(body, line...), '\n')
			n++
		}
	}
	return body, n, err
}

func readLine(lines *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := lines.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > longestRow {
			return nil, errors.New("a line is longer than 1.1 MiB, the most that a task may have")
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

func submitBatch(ctx context.Context, server *rest, std streams, body []byte, asJSON bool) (refused int, err error) {
	done, err := into[items[outcome]](server.post(ctx, "/api/v1/tasks/batch", "application/x-ndjson", body))
	if err != nil {
		return 0, err
	}
	for _, o := range done.Items {
		if o.Error != "" {
			refused++
		}
		if err := printOutcome(std.out, o, asJSON); err != nil {
			return refused, err
		}
	}
	return refused, nil
}

func printOutcome(w io.Writer, o outcome, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(o)
	}
	_, err := fmt.Fprintln(w, orDash(cell(o.ID)), o.Status, cell(o.Error))
	return err
}
