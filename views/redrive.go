package views

import (
	"strconv"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// RedriveView is how far the redrive of a group is.
type RedriveView struct {
	Key         string // "r:<id>", the prefix of its live slots
	ID          string
	Href        string // of its group
	Type, Text  string
	Word, Slug  string // "Running"; Slug picks icon and colour
	Sentence    string
	Meter       Meter
	Counts      []Fact
	Stop        string // where the Stop button posts to; empty where there is nothing to stop
	Began, Over string // "12 s ago"; Over is empty while it runs
}

func newRedriveView(r *queue.Redrive, now time.Time) RedriveView {
	key := "r:" + r.ID
	v := RedriveView{
		Key: key, ID: r.ID, Href: FailureHref(r.Group), Type: r.Type, Text: errorWords(r.Fingerprint), Word: "Running",
		Slug: "running", Sentence: redriveSentence(r), Began: Since(r.StartedAt.Time, now),
		Meter: Meter{
			Key: key + ":meter", Label: "Had their turn", Value: strconv.FormatInt(r.Total-r.Waiting, 10),
			Max: strconv.FormatInt(max(1, r.Total), 10),
		},
		Counts: []Fact{
			{Key: key + ":ok", Label: "Succeeded", Value: Count(r.Succeeded)},
			{Key: key + ":failed", Label: "Failed again", Value: Count(r.FailedAgain)},
			{Key: key + ":open", Label: "Under way", Value: Count(r.Open)},
			{Key: key + ":waiting", Label: "Not touched", Value: Count(r.Waiting)},
			{Key: key + ":skipped", Label: "Skipped", Value: Count(r.Skipped)},
		},
	}
	switch {
	case r.State == queue.RedriveDone:
		v.Word, v.Slug = "Done", "completed"
	case r.State == queue.RedriveStopped:
		v.Word, v.Slug = "Stopped", "failed"
	case r.Asked:
		v.Word = "Stopping"
	default:
		v.Stop = v.Href + "/stop"
	}
	if r.EndedAt != nil {
		v.Over = Since(r.EndedAt.Time, now)
	}
	return v
}

// redriveSentence says what the redrive does, or how it ended.
func redriveSentence(r *queue.Redrive) string {
	again := Count(r.FailedAgain) + " of " + Count(r.Ended()) + " failed again"
	switch {
	case r.State == queue.RedriveDone:
		return "All " + Count(r.Total) + " had their turn: " + again + "."
	case r.Reason == queue.RedriveFailing:
		return again + ": stopped. " + untouched(r)
	case r.State == queue.RedriveStopped:
		return "Stopped as you asked: " + again + ". " + untouched(r)
	case r.Asked:
		return "Stops in a moment. What runs again goes on."
	case r.Stage == 1:
		return "One task runs again. If it succeeds, ten more follow, then the rest."
	case r.Stage == 2:
		return "The first succeeded. Ten more run again; the rest waits for them."
	}
	return "The rest runs again, at most 250 at once. It stops when more than 10 % failed again."
}

func untouched(r *queue.Redrive) string {
	if r.Total == r.Ended() || r.Total-r.Waiting == r.Ended() && r.Ended() == 1 {
		return "Nothing else was touched."
	}
	return Plural(r.Waiting, "task") + " not touched, " + Count(r.Open) + " still under way."
}

// RedriveAsk is the page that asks before a group is redriven.
type RedriveAsk struct {
	Question, Scope, Example string
	Count, Until             string // what the form sends: the number that was counted, and up to when
	Typed                    bool   // the person types the count
	Shown                    string // to be typed: "1,204"
	Wrong                    string // why what was sent is not enough
	Action, Back             string
}

// NewRedriveAsk asks whether to redrive the group, as it was counted up to until (ms).
func NewRedriveAsk(g *queue.FailureGroup, until int64) RedriveAsk {
	queues := "queues "
	if len(g.Queues) == 1 {
		queues = "queue "
	}
	row := newFailureRow(g, g.LastSeen)
	return RedriveAsk{
		Question: "Retry " + Plural(int64(g.Count), "failed task") + ": 1, then 10, then all?",
		Scope: "All tasks of type " + g.Type + " in the " + queues + row.Queues + " that failed with this error until " +
			Moment(time.UnixMilli(until)) + ". What fails later is not touched.",
		Example: g.Example, Count: strconv.Itoa(g.Count), Until: strconv.FormatInt(until, 10), Typed: NeedsTyping(g.Count), Shown: Count(int64(g.Count)),
		Action: row.RedriveHref, Back: row.Href,
	}
}
