package queue

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"
)

//go:embed redrive.lua
var redriveGroupLua string

//go:embed redrives.lua
var redrivesLua string

var (
	redriveGroupScript = NewScript("redrive", strings.ReplaceAll(redriveGroupLua, "KEEP_FAILED", fmt.Sprint(redriveKept)))
	redrivesScript     = NewScript("redrives", redrivesLua)
)

const (
	// redriveKept is how long the newest redrives are listed, ms: as long as failed tasks are kept.
	redriveKept = int64(FailedRetention / time.Millisecond)
	// listedRedrives is how many are listed.
	listedRedrives = 50
)

// RedriveState is where the redrive of a group stands.
type RedriveState string

// The states of a redrive.
const (
	RedriveRunning RedriveState = "running"
	RedriveDone    RedriveState = "done"    // all had their turn, and ended
	RedriveStopped RedriveState = "stopped" // see Redrive.Reason
)

// The reasons of a redrive that stopped.
const (
	RedriveFailing = "failing" // too many of those that ended failed again
	RedriveAsked   = "asked"   // somebody asked
)

// Redrive is the redrive of a group: 1 task, then 10, then the rest. Its tasks are those that were counted when it began.
// Total = Waiting + Open + Succeeded + FailedAgain + Skipped.
type Redrive struct {
	ID          string       `json:"id"`
	Group       string       `json:"group"`
	Type        string       `json:"type"`
	Fingerprint string       `json:"fingerprint"`
	Example     string       `json:"example"`
	State       RedriveState `json:"state" enum:"running,done,stopped"`
	Reason      string       `json:"reason,omitempty" enum:"failing,asked" doc:"Why it stopped"`
	Asked       bool         `json:"stop_requested" doc:"Asked to stop, and not stopped yet"`
	Stage       int          `json:"stage" doc:"1: one task; 2: ten more; 3: the rest"`
	Total       int64        `json:"total"`
	Waiting     int64        `json:"waiting" doc:"Not touched so far"`
	Open        int64        `json:"open" doc:"Redriven and not ended"`
	Succeeded   int64        `json:"succeeded"`
	FailedAgain int64        `json:"failed_again" doc:"Had any error since: failed, or waits for its next attempt"`
	Skipped     int64        `json:"skipped" doc:"Not failed any more when their turn came, or canceled or deleted since"`
	StartedAt   Time         `json:"started_at"`
	EndedAt     *Time        `json:"ended_at"`
}

// Ended is how many showed whether they fail again.
func (r *Redrive) Ended() int64 { return r.Succeeded + r.FailedAgain }

// ErrRedriving says that the group is redriven already; nothing was written.
var ErrRedriving = errors.New("a redrive of this group is under way")

// StartRedrive begins the redrive of a group: of the count tasks of it that failed until then (ms since the epoch, see
// Failures.Until; 0 for now). A monitor drives it. The errors are ErrNotFound where the group has none, *CountError and
// ErrRedriving.
func (c *Client) StartRedrive(ctx context.Context, group string, count int, until int64) (*Redrive, error) {
	failures, err := c.Failures(ctx, until, nil)
	if err != nil {
		return nil, err
	}
	ids := failures.Group(group)
	switch {
	case len(ids) == 0:
		return nil, fmt.Errorf("redrive group %s: %w", group, ErrNotFound)
	case len(ids) != count:
		return nil, fmt.Errorf("redrive group %s: %w", group, &CountError{Given: count, Count: len(ids)})
	}
	kind := failures.kindOf(group)
	id := strings.ToLower(rand.Text()[:16])
	args := append(make([]any, 0, len(ids)+7), "start", id, group, kind.Type, kind.Fingerprint, kind.Example, failures.Until)
	for _, one := range ids {
		args = append(args, one)
	}
	out, err := redriveGroupScript.Move(ctx, c, args...)
	if out == "busy" {
		return nil, fmt.Errorf("redrive group %s: %w", group, ErrRedriving)
	}
	if err != nil {
		return nil, err
	}
	return c.GetRedrive(ctx, id)
}

func (f *Failures) kindOf(group string) *FailureKind {
	for i := range f.Items {
		if f.Items[i].Kind.Group == group {
			return f.Items[i].Kind
		}
	}
	return &FailureKind{Group: group}
}

// StopRedrive asks a redrive to stop: no task of it is touched any more; what runs again goes on. ErrNotFound, and
// ErrState where it has ended.
func (c *Client) StopRedrive(ctx context.Context, id string) (*Redrive, error) {
	out, err := redriveGroupScript.Move(ctx, c, "stop", id)
	switch out {
	case "unknown":
		return nil, fmt.Errorf("stop redrive %s: %w", id, ErrNotFound)
	case "state":
		return nil, fmt.Errorf("stop redrive %s: %w", id, ErrState)
	}
	if err != nil {
		return nil, err
	}
	return c.GetRedrive(ctx, id)
}

// GetRedrive reads one redrive; it is kept for a week after its end. ErrNotFound.
func (c *Client) GetRedrive(ctx context.Context, id string) (*Redrive, error) {
	list, err := c.readRedrives(ctx, id)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("redrive %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return &list[0], nil
}

// Redrives reads the newest redrives, the newest first, at most 50.
func (c *Client) Redrives(ctx context.Context) ([]Redrive, error) { return c.readRedrives(ctx, "") }

func (c *Client) readRedrives(ctx context.Context, id string) ([]Redrive, error) {
	out, err := redrivesScript.Read(ctx, c, id, listedRedrives)
	if err != nil {
		return nil, err
	}
	parts, _ := out.([]any)
	list := make([]Redrive, 0, len(parts)/2)
	for i := 0; i+1 < len(parts); i += 2 {
		name, _ := parts[i].(string)
		fields, err := Strings(parts[i+1])
		if err != nil {
			return nil, fmt.Errorf("redrives: %w", err)
		}
		list = append(list, decodeRedrive(name, fields))
	}
	return list, nil
}

func decodeRedrive(id string, fields []string) Redrive {
	f := make(map[string]string, len(fields)/2)
	for i := 0; i+1 < len(fields); i += 2 {
		f[fields[i]] = fields[i+1]
	}
	var n digits
	number := func(name string) int64 { return n.read(f[name], LastMoment) }
	r := Redrive{
		ID: id, Group: f["group"], Type: f["type"], Fingerprint: f["fingerprint"], Example: f["example"],
		State: RedriveState(f["state"]), Reason: f["reason"], Asked: f["asked"] == "1" && f["state"] == "running",
		Stage: int(number("stage")), Total: number("total"), Waiting: number("waiting"), Open: number("open"),
		Succeeded: number("ok"), FailedAgain: number("failed"), Skipped: number("skipped"), StartedAt: Time{n.moment(f["started"])},
	}
	if f["ended"] != "" {
		r.EndedAt = &Time{n.moment(f["ended"])}
	}
	return r
}
