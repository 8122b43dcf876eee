// Package cli is QueuePilot's command line: the roles of a server (serve, web, scheduler, monitor, worker) and a client
// of its REST API (submit, status, tasks, task, retry, cancel, pause, resume, workers), bench and version. One file a
// command; every flag --some-name has the variable QUEUEPILOT_SOME_NAME. App is the server as a value,
// for programs and tests that run it inside their own process.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit codes of the program.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// commands is the grammar of the command line.
type commands struct {
	Serve     serveCmd     `cmd:"" default:"withargs" help:"Run everything in one process: web, scheduler, monitor and workers (the default command)."`
	Web       webCmd       `cmd:"" help:"Run the dashboard and the API apart, on a Redis."`
	Scheduler schedulerCmd `cmd:"" help:"Run a scheduler apart, on a Redis."`
	Monitor   monitorCmd   `cmd:"" help:"Run a monitor apart, on a Redis."`
	Worker    workerCmd    `cmd:"" help:"Run a worker apart, on a Redis."`
	Submit    submitCmd    `cmd:"" help:"Submit a task, or many from standard input."`
	Status    statusCmd    `cmd:"" help:"Show totals, queues and workers."`
	Tasks     tasksCmd     `cmd:"" help:"List tasks, a page at a time."`
	Task      taskCmd      `cmd:"" help:"Show a task and its attempts."`
	Retry     retryCmd     `cmd:"" help:"Run failed or canceled tasks again, or those that wait to be retried now."`
	Cancel    cancelCmd    `cmd:"" help:"Cancel tasks."`
	Pause     pauseCmd     `cmd:"" help:"Pause queues: what runs goes on, nothing new starts."`
	Resume    resumeCmd    `cmd:"" help:"Resume paused queues."`
	Workers   workersCmd   `cmd:"" help:"List the workers."`
	Bench     benchCmd     `cmd:"" help:"Measure QueuePilot on this machine, in some minutes and 400 MB of memory and disk."`
	Version   versionCmd   `cmd:"" help:"Show the version of this program."`
}

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// withFix adds to what the flag parser found what would be right, where it does not say so itself.
func withFix(err error) error {
	for _, known := range []struct{ part, fix string }{
		{"in duration", "wanted: a number with its unit, such as 5s or 250ms"},
		{"invalid duration", "wanted: a number with its unit, such as 5s or 250ms"},
		{"64 bit int", "wanted: a whole number"},
		{"unknown flag", "the command's --help lists its flags"},
		{"unexpected argument", "the commands are serve, web, scheduler, monitor, worker, submit, status, tasks, task, retry, cancel, " +
			"pause, resume, workers, bench, version"},
	} {
		if strings.Contains(err.Error(), known.part) {
			return fmt.Errorf("%w; %s", err, known.fix)
		}
	}
	return err
}

// usageError is the caller's mistake on the command line; its text says the fix.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// Main runs the command that args name and returns the exit code: 0 done, 1 failed, 2 bad usage. SIGTERM and SIGINT
// end it in order; a second one ends the process at once.
func Main(args []string) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(exitFailed)
	}()
	return run(ctx, args, streams{os.Stdin, os.Stdout, os.Stderr})
}

func run(ctx context.Context, args []string, std streams) int {
	parser, err := newParser(ctx, std)
	if err != nil {
		return report(std, err)
	}
	command, err := parser.Parse(plain(args))
	if err != nil {
		return report(std, usageError{withFix(err)})
	}
	return report(std, command.Run())
}

// plain gives two habits their words here: "help [command]" and "--version".
func plain(args []string) []string {
	switch {
	case len(args) > 0 && args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	case len(args) == 1 && args[0] == "--version":
		return []string{"version"}
	}
	return args
}

func newParser(ctx context.Context, std streams) (*kong.Kong, error) {
	return kong.New(&commands{},
		kong.Name("queuepilot"),
		kong.Description("A distributed task queue that you can watch. Without a command: serve."),
		kong.DefaultEnvars("QUEUEPILOT"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.Writers(std.out, std.err),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(std),
	)
}

// report prints what went wrong, once, and finds the exit code.
func report(std streams, err error) int {
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		fmt.Fprintf(std.err, "queuepilot: %s\nSee queuepilot --help.\n", printable(err.Error()))
		return exitUsage
	}
	fmt.Fprintf(std.err, "queuepilot: %s\n", printable(err.Error()))
	return exitFailed
}
