package bench

import (
	"slices"
	"time"
)

// Report is what Run found. Its JSON form is the output of `queuepilot bench --json`.
type Report struct {
	Settings Settings `json:"settings"`
	Figures  []Figure `json:"figures"` // in the order in which they were measured
	Notes    []string `json:"notes"`   // sentences: what could not be measured as it was meant to be
}

// Settings are what the figures depend on.
type Settings struct {
	Version      string     `json:"version"` // of QueuePilot: a release, or a commit
	Go           string     `json:"go"`
	Platform     string     `json:"platform"` // "linux/amd64"
	CPUs         int        `json:"cpus"`     // of the machine, as this process may use them
	GOMAXPROCS   int        `json:"gomaxprocs"`
	Redis        RedisFacts `json:"redis"`
	Rounds       int        `json:"rounds"`
	Tasks        int        `json:"tasks"`
	PayloadBytes int        `json:"payload_bytes"`
	Quick        bool       `json:"quick"`
	StartedAt    time.Time  `json:"started_at"`
	TookSeconds  float64    `json:"took_seconds"`
}

// RedisFacts are the settings of the Redis that was measured on; "unknown" where it does not tell.
type RedisFacts struct {
	Own             bool   `json:"own"` // a redis-server child of the bench, on this machine
	URL             string `json:"url"` // without its password; empty where Own
	Version         string `json:"version"`
	AppendOnly      string `json:"appendonly"`  // yes or no
	AppendFsync     string `json:"appendfsync"` // always, everysec or no
	Save            string `json:"save"`        // "3600 1 300 100", empty for never
	MaxMemoryPolicy string `json:"maxmemory_policy"`
}

// Figure is one thing that was measured, once a round.
type Figure struct {
	Group  string    `json:"group"` // "floor", or one of Groups
	Name   string    `json:"name"`  // unique in its group
	Unit   string    `json:"unit"`  // "tasks/s", "ms", "bytes/task" and so on
	Median float64   `json:"median"`
	Min    float64   `json:"min"`
	Max    float64   `json:"max"`
	Rounds []float64 `json:"rounds"` // in their order
	// Beside is what the figure is to be compared with: the name of a figure of the floor, or else of its own group.
	// Empty where there is no such thing.
	Beside string `json:"beside,omitempty"`
	// Ratio is the figure divided by the one that it stands beside: the median of the rounds' own ratios. 0 where it
	// stands beside none.
	Ratio float64 `json:"ratio,omitempty"`
}

// gauge is one reading of a round.
type gauge struct {
	name, unit string
	value      float64
	beside     string
}

// readings are what the rounds found, by group and name.
type readings struct {
	order  []*Figure
	byName map[[2]string]*Figure
}

func newReadings() *readings { return &readings{byName: map[[2]string]*Figure{}} }

func (r *readings) add(group string, gauges []gauge) {
	for _, g := range gauges {
		key := [2]string{group, g.name}
		f := r.byName[key]
		if f == nil {
			f = &Figure{Group: group, Name: g.name, Unit: g.unit}
			if g.beside != g.name {
				f.Beside = g.beside
			}
			r.byName[key] = f
			r.order = append(r.order, f)
		}
		f.Rounds = append(f.Rounds, g.value)
	}
}

func (r *readings) figures() []Figure {
	figures := make([]Figure, len(r.order))
	for i, f := range r.order {
		f.Median, f.Min, f.Max = median(f.Rounds), slices.Min(f.Rounds), slices.Max(f.Rounds)
		f.Ratio = r.ratio(f)
		figures[i] = *f
	}
	return figures
}

// ratio compares within each round, because a machine's rounds differ more than what is measured in one of them.
func (r *readings) ratio(f *Figure) float64 {
	other := r.byName[[2]string{floorGroup, f.Beside}]
	if other == nil {
		other = r.byName[[2]string{f.Group, f.Beside}]
	}
	if other == nil {
		return 0
	}
	var ratios []float64
	for i := range min(len(f.Rounds), len(other.Rounds)) {
		if other.Rounds[i] > 0 {
			ratios = append(ratios, f.Rounds[i]/other.Rounds[i])
		}
	}
	return median(ratios)
}

// median is the middle one, the mean of both middle ones of an even number, and 0 of nothing.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// percentile is the value that p of 100 do not exceed.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)*p/100, len(sorted)-1)]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
