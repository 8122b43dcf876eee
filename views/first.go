package views

// First is what an overview without a single task says of itself. It goes away with the first task ever submitted.
type First struct {
	Workers string // "2 workers are ready"; empty where there is none
}

// newFirst returns nil once a task was ever submitted, and while nobody knows.
func newFirst(d OverviewData) *First {
	if d.Stale || d.Snap.At.IsZero() || d.Snap.Totals.SubmittedTotal > 0 {
		return nil
	}
	f := &First{}
	switch n := int64(d.Snap.Totals.Workers); n {
	case 0:
	case 1:
		f.Workers = "1 worker is ready"
	default:
		f.Workers = Count(n) + " workers are ready"
	}
	return f
}
