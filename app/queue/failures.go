package queue

import (
	"context"
	_ "embed"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed failures.lua
var failuresLua string

var failuresScript = NewScript("failures", failuresLua)

const (
	// MaxFailures is how many failed tasks are grouped, the newest.
	MaxFailures = 10_000
	// failurePage is how many entries of the index one command reads, and failureChunk how many tasks one script: a
	// millisecond each.
	failurePage, failureChunk = 2000, 250
)

// FailureKind is what the failed tasks of a group have in common. It is shared by them: do not change it.
type FailureKind struct {
	Group       string // its id: 12 hex digits
	Type        string
	Fingerprint string
	Example     string // the first line of one error, at most 512 bytes; empty where it had no text
}

// Failure is one failed task.
type Failure struct {
	ID, Queue string
	Kind      *FailureKind
	At        int64 // when it failed, ms since the epoch
}

// Failures are the newest failed tasks, up to a moment.
type Failures struct {
	Items []Failure // newest first, at most MaxFailures
	Total int64     // all that are failed
	Until int64     // ms: what fails later is not among them; 0 where nothing is failed
}

// Failures reads the newest failed tasks that failed until then (ms since the epoch; 0 for all up to now). What is in
// known, an earlier answer or nil, is not read again; where nothing changed known itself is the answer. So following
// costs what is new, and the bare index.
func (c *Client) Failures(ctx context.Context, until int64, known *Failures) (*Failures, error) {
	total, top, err := c.failedTop(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the failed tasks: %w", err)
	}
	if known != nil && until == 0 && known.isUpTo(total, top) {
		return known, nil
	}
	list := &Failures{Total: total, Until: until}
	if until == 0 && len(top) > 0 {
		list.Until = int64(top[0].Score)
	}
	if list.Items, err = c.failedIDs(ctx, list.Until); err != nil {
		return nil, fmt.Errorf("read the failed tasks: %w", err)
	}
	return list, c.describeFailures(ctx, list, known)
}

// failedTop is how many are failed, and the newest.
func (c *Client) failedTop(ctx context.Context) (total int64, top []redis.Z, err error) {
	key := c.keys.Index(Failed)
	if total, err = again(ctx, func() (int64, error) { return c.rdb.ZCard(ctx, key).Result() }); err != nil {
		return 0, nil, err
	}
	top, err = again(ctx, func() ([]redis.Z, error) { return c.rdb.ZRevRangeWithScores(ctx, key, 0, 0).Result() })
	return total, top, err
}

// isUpTo tells whether nothing came and nothing went: the newest and the number of all are the same.
func (f *Failures) isUpTo(total int64, top []redis.Z) bool {
	if len(top) == 0 || len(f.Items) == 0 {
		return len(top) == 0 && len(f.Items) == 0
	}
	return f.Total == total && f.Items[0].ID == top[0].Member && f.Items[0].At == int64(top[0].Score)
}

// failedIDs reads the index, a page at a time.
func (c *Client) failedIDs(ctx context.Context, until int64) ([]Failure, error) {
	var items []Failure
	for from := int64(0); from < MaxFailures; from += failurePage {
		page, err := again(ctx, func() ([]redis.Z, error) {
			return c.rdb.ZRevRangeByScoreWithScores(ctx, c.keys.Index(Failed), &redis.ZRangeBy{
				Max: strconv.FormatInt(until, 10), Min: "-inf", Offset: from, Count: failurePage,
			}).Result()
		})
		if err != nil {
			return nil, err
		}
		for _, z := range page {
			id, _ := z.Member.(string)
			items = append(items, Failure{ID: id, At: int64(z.Score)})
		}
		if len(page) < failurePage {
			break
		}
	}
	return items, nil
}

// describeFailures fills in queues and kinds, and drops what is not failed any more, or came twice because the index
// moved between two pages.
func (c *Client) describeFailures(ctx context.Context, list, known *Failures) error {
	d := newDescriber(known)
	var unknown []int
	for i := range list.Items {
		if !d.recall(&list.Items[i]) {
			unknown = append(unknown, i)
		}
	}
	for from := 0; from < len(unknown); from += failureChunk {
		part := unknown[from:min(from+failureChunk, len(unknown))]
		if err := c.describePart(ctx, list, part, d); err != nil {
			return err
		}
	}
	kept := list.Items[:0]
	last := make(map[string]bool, len(list.Items))
	for _, f := range list.Items {
		if f.Kind != nil && !last[f.ID] {
			last[f.ID] = true
			kept = append(kept, f)
		}
	}
	list.Items = kept
	return nil
}

func (c *Client) describePart(ctx context.Context, list *Failures, part []int, d *describer) error {
	args := make([]any, 0, len(part)+1)
	args = append(args, maxErrorLine)
	for _, i := range part {
		args = append(args, list.Items[i].ID)
	}
	out, err := failuresScript.Read(ctx, c, args...)
	if err != nil {
		return err
	}
	fields, err := Strings(out)
	if err != nil || len(fields) != 3*len(part) {
		return fmt.Errorf("failures: %d fields for %d tasks: %w", len(fields), len(part), err)
	}
	for n, i := range part {
		if f := &list.Items[i]; fields[3*n] != "" {
			f.Queue, f.Kind = d.name(fields[3*n]), d.kind(fields[3*n+1], strings.ToValidUTF8(fields[3*n+2], "\uFFFD"))
		}
	}
	return nil
}

// describer keeps one of each kind and queue, whoever has it.
type describer struct {
	known map[Failure]*Failure // by id and time alone
	kinds map[FailureKind]*FailureKind
	names map[string]string
}

func newDescriber(known *Failures) *describer {
	d := &describer{known: map[Failure]*Failure{}, kinds: map[FailureKind]*FailureKind{}, names: map[string]string{}}
	if known == nil {
		return d
	}
	for i := range known.Items {
		f := &known.Items[i]
		d.known[Failure{ID: f.ID, At: f.At}] = f
		d.kinds[FailureKind{Type: f.Kind.Type, Fingerprint: f.Kind.Fingerprint}] = f.Kind
		d.names[f.Queue] = f.Queue
	}
	return d
}

// recall fills in f from what was known; a failure never changes, since a task that fails anew has another time.
func (d *describer) recall(f *Failure) bool {
	old := d.known[*f]
	if old != nil {
		*f = *old
	}
	return old != nil
}

func (d *describer) name(s string) string {
	if known, ok := d.names[s]; ok {
		return known
	}
	d.names[s] = s
	return s
}

func (d *describer) kind(kind, line string) *FailureKind {
	key := FailureKind{Type: d.name(kind), Fingerprint: Fingerprint(line)}
	if known := d.kinds[key]; known != nil {
		return known
	}
	k := &FailureKind{Group: GroupID(kind, key.Fingerprint), Type: key.Type, Fingerprint: key.Fingerprint, Example: line}
	d.kinds[key] = k
	return k
}

// Partial reports whether more tasks are failed than are among them.
func (f *Failures) Partial() bool {
	return f.Total > int64(len(f.Items)) && len(f.Items) >= MaxFailures
}

// Group returns the ids of a group's tasks, in the order in which they failed.
func (f *Failures) Group(id string) []string {
	var ids []string
	for i := len(f.Items) - 1; i >= 0; i-- {
		if f.Items[i].Kind.Group == id {
			ids = append(ids, f.Items[i].ID)
		}
	}
	return ids
}

// lastHour is the number of minutes of a group's history.
const lastHour = 60

// minuteOf places a moment in the last hour before now, both ms: 59 is the minute that ends now; false where it is older.
func minuteOf(at, now int64) (int, bool) {
	ago := int64(math.Floor(float64(now-at) / float64(time.Minute.Milliseconds())))
	ago = max(ago, 0) // clocks differ by some milliseconds
	return lastHour - 1 - int(min(ago, lastHour)), ago < lastHour
}
