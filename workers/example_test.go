package workers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/xuniquepatel/queue-pilot/app/queue"
	"github.com/xuniquepatel/queue-pilot/workers"
)

// A program that is client and worker at once: it submits a task, and runs what is submitted until it is interrupted.
func Example() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	client, err := queue.Open(ctx, "redis://localhost:6379/0")
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	if _, err := client.Submit(ctx, queue.Task{Type: "email", Payload: []byte(`{"to": "you@example.com"}`)}); err != nil {
		log.Print(err)
		return
	}
	email := func(ctx context.Context, t *queue.Task) (any, error) {
		var in struct{ To string }
		if err := json.Unmarshal(t.Payload, &in); err != nil {
			return nil, workers.NoRetry(err) // the same payload will not be better next time
		}
		t.Progress(ctx, 50, "connecting")
		return fmt.Sprintf("sent to %s at attempt %d", in.To, t.Attempt), nil
	}
	if err := workers.New(client, workers.Handlers{"email": email}, workers.Config{Slots: 4}).Run(ctx); err != nil {
		log.Print(err)
	}
}
