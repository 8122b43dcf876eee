// Mutants shows what the suite of the fault matrix is worth: it breaks the program on purpose, one fault at a time in a
// copy of the module, and runs the tests that should notice. A fault that leaves all of them green has survived: then a
// promise stands there that no test checks.
//
//	go run ./app/e2e/mutants [-list] [-only NAME[,NAME]] [-out FILE] [-summary FILE]
//
// It ends with code 1 where a mutant survived, or said nothing because it does not compile.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/xuniquepatel/queue-pilot/app/e2e/harness"
)

type options struct {
	list         bool
	only         string
	out, summary string
}

func main() {
	var o options
	flag.BoolVar(&o.list, "list", false, "print the mutants and end")
	flag.StringVar(&o.only, "only", "", "names of mutants, comma-separated; all by default")
	flag.StringVar(&o.out, "out", "", "file for the results as JSON")
	flag.StringVar(&o.summary, "summary", "", "Markdown file whose table is replaced, where it exists and all mutants were tried")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	chosen, err := choose(o.only)
	if err != nil {
		return err
	}
	if o.list {
		for _, m := range chosen {
			fmt.Printf("%-24s %s\n%-24s %s\n", m.name, m.breaks, "", strings.Join(m.rows, ", "))
		}
		return nil
	}
	results, err := control(ctx, chosen)
	if err := errors.Join(err, writeJSON(o.out, results), writeSummary(o.summary, results)); err != nil {
		return err
	}
	return judge(results)
}

// choose returns the mutants that only names, comma-separated; all for "".
func choose(only string) ([]mutant, error) {
	if only == "" {
		return all(), nil
	}
	var chosen []mutant
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(all(), func(m mutant) bool { return m.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no mutant %q; -list names them", name)
		}
		chosen = append(chosen, all()[i])
	}
	return chosen, nil
}

// control tries the mutants one after another in a copy of the module, which is gone in the end, as is all that the
// tests started.
func control(ctx context.Context, chosen []mutant) (results []result, err error) {
	root, err := harness.Root()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "queuepilot-mutants-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	t, err := copyModule(ctx, root, dir)
	if err == nil {
		err = errors.Join(adoptOrphans(), t.mustBeGreen(ctx, chosen))
	}
	for _, m := range chosen {
		if err != nil {
			return results, err
		}
		var r result
		if r, err = t.try(ctx, m); err == nil {
			results = append(results, r)
			fmt.Println(r)
		}
	}
	return results, err
}

// judge is the error of a suite that let a mutant live.
func judge(results []result) error {
	var bad []string
	for _, r := range results {
		if r.Verdict != caught {
			bad = append(bad, r.Name+" "+r.Verdict)
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("%d of %d mutants were not caught: %s", len(bad), len(results), strings.Join(bad, ", "))
	}
	return nil
}

// exists tells whether there is such a file.
func exists(name string) bool {
	_, err := os.Stat(name)
	return !errors.Is(err, fs.ErrNotExist)
}
