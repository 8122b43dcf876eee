package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/xuniquepatel/queue-pilot/app/bench"
)

// benchCmd measures QueuePilot on this machine.
//
//nolint:lll // a flag's help is one tag, and a tag is one line
type benchCmd struct {
	RedisURL string   `name:"redis-url" placeholder:"URL" help:"Redis to measure on. Its database must be empty and nobody else's: it is emptied again and again. By default a redis-server of the bench's own, in a temporary folder, with an append-only file synced every second."`
	Rounds   int      `default:"0" placeholder:"3" help:"Rounds; each measures everything once, and the median counts. 3, or 1 with --quick: two cannot outvote a bad one."`
	Tasks    int      `default:"0" placeholder:"100000" help:"Tasks in a drain, and the measure for the rest. 100000, or 5000 with --quick: a drain takes a second or so."`
	Only     []string `placeholder:"GROUP" help:"What to measure, comma-separated: submit, drain, both, pickup, memory, backlog, workers, http, sockets. Everything by default. The floor of bare Redis is measured in any case."`
	Quick    bool     `help:"Measure less of everything, in less than 30s: for a first look."`
	JSON     bool     `help:"Print JSON."`
	Crowd    bool     `hidden:"" help:"Be the viewers of another bench's server, by orders on standard input."`
}

// Run implements the command.
func (c *benchCmd) Run(ctx context.Context, std streams) error {
	if c.Crowd {
		return bench.RunCrowd(std.in, std.out)
	}
	cfg, err := c.config(std)
	if err != nil {
		return err
	}
	report, err := bench.Run(ctx, cfg)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(std.out).Encode(report)
	}
	return report.Print(std.out)
}

func (c *benchCmd) config(std streams) (bench.Config, error) {
	program, err := os.Executable()
	if err != nil {
		return bench.Config{}, fmt.Errorf("find this program, to start its viewers: %w", err)
	}
	cfg := bench.Config{
		RedisURL: c.RedisURL, Rounds: c.Rounds, Tasks: c.Tasks, Only: c.Only, Quick: c.Quick, Version: Version(),
		Crowd: []string{program, "bench", "--crowd"}, Progress: func(line string) { fmt.Fprintln(std.err, line) },
	}
	if err := cfg.Check(); err != nil {
		return cfg, usagef("--%w", err)
	}
	return cfg, nil
}
