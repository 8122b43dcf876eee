package views

import (
	"net/url"
	"strconv"
	"time"

	"github.com/xuniquepatel/queue-pilot/app/queue"
)

// DrillPage is the report of a drill, "/drills/{id}".
type DrillPage struct {
	Key, ID    string // Key is "d:<id>", the prefix of its live slots
	Worker     string // the worker's name
	WorkerID   string
	WorkerHref string
	Word, Slug string // "Recovering"; Slug picks icon and colour
	Summary    string
	Meter      Meter // run again, of all
	Counts     []Fact
	Times      []Fact
	Note       string // what lost means, and whether it is the last word
}

// DrillHref is the address of a drill's report.
func DrillHref(id string) string { return "/drills/" + url.PathEscape(id) }

// drillHref is the address of the page that asks before w stops for a drill; empty where it would not.
func drillHref(d OverviewData, w queue.Worker) string {
	if !d.Drills || !w.Drills || w.State != queue.WorkerReady || w.Drill != "" {
		return ""
	}
	return WorkerHref(w.ID) + "/drill"
}

func drillFact(w queue.Worker, key string) Fact {
	f := Fact{Key: key + ":drills", Label: "Drills", Value: "Started without --drills: it stops for none"}
	if w.Drills {
		f.Value = "It stops for them"
	}
	return f
}

// ConfirmDrill asks whether w shall stop as if it had crashed.
func ConfirmDrill(w queue.Worker) Confirm {
	holds := Plural(int64(w.Running), "task")
	if w.Assigned > 0 {
		holds += ", with " + Count(int64(w.Assigned)) + " more to start"
	}
	return Confirm{
		Question: "Stop worker " + w.ID + " for a drill? It runs " + holds + ".",
		Effect: "It stops as if it had crashed: it tells nobody and reports nothing. Once its heartbeat is missed its tasks run again on " +
			"other workers; each that has begun spends an attempt, and what its handler did so far is not undone. Its process goes on, with a new worker.",
		Verb: "Stop the worker", Action: WorkerHref(w.ID) + "/drill", Back: WorkerHref(w.ID),
	}
}

// NewDrill fills the report of a drill.
func NewDrill(d *queue.Drill) DrillPage {
	key := "d:" + d.ID
	m := DrillPage{
		Key: key, ID: d.ID, Worker: d.WorkerName, WorkerID: d.WorkerID, WorkerHref: WorkerHref(d.WorkerID), Summary: d.Summary,
		Meter: Meter{Key: key + ":meter", Label: "Run again", Value: strconv.FormatInt(d.RunAgain, 10), Max: strconv.FormatInt(max(1, d.Total()), 10)},
		Counts: []Fact{
			{Key: key + ":held", Label: "Held at the stop", Value: Count(d.Held)},
			{Key: key + ":given", Label: "Given after the stop", Value: Count(d.Given)},
			{Key: key + ":waiting", Label: "Waiting again", Value: Count(d.Waiting)},
			{Key: key + ":running", Label: "Running again", Value: Count(d.Running)},
			{Key: key + ":ended", Label: "Final", Value: Count(d.Ended)},
			{Key: key + ":lost", Label: "Lost", Value: Count(d.Lost)},
		},
		Times: drillTimes(d, key),
		Note: "Given after the stop is what it was assigned before anybody missed it. Lost is what Redis does not know any more " +
			"without having been seen to end, or what stands on no list. A task that somebody deleted meanwhile is counted there.",
	}
	m.Word, m.Slug = drillWord(d)
	return m
}

// drillWord says where the drill stands; its icon and colour are those of a task or worker in a like state.
func drillWord(d *queue.Drill) (word, slug string) {
	switch {
	case d.Lost > 0:
		return "Tasks lost", "failed"
	case d.State == queue.DrillDone:
		return "Done", "completed"
	case d.State == queue.DrillRecovering:
		return "Recovering", "running"
	case d.State == queue.DrillSilent:
		return "Silent", "retry"
	case d.State == queue.DrillVoid:
		return "Nothing tried", "canceled"
	}
	return "Asked", "pending"
}

func drillTimes(d *queue.Drill, key string) []Fact {
	at := func(t *queue.Time) string {
		if t == nil {
			return "–"
		}
		text := Moment(t.Time)
		if d.StoppedAt != nil && t.After(d.StoppedAt.Time) {
			text += ", " + Duration(t.Sub(d.StoppedAt.Time).Round(time.Millisecond)) + " after the stop"
		}
		return text
	}
	return []Fact{
		{Key: key + ":asked", Label: "Began", Value: Moment(d.AskedAt.Time)},
		{Key: key + ":stopped", Label: "Stopped", Value: at(d.StoppedAt)},
		{Key: key + ":lostat", Label: "Declared lost", Value: at(d.LostAt)},
		{Key: key + ":recovered", Label: "All had a turn", Value: at(d.RecoveredAt)},
	}
}
