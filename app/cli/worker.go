package cli

import "context"

// workerCmd runs a worker apart, on a Redis that other processes share.
type workerCmd struct{ Config }

// Run implements the command.
func (c *workerCmd) Run(ctx context.Context, std streams) error {
	return runRoles(ctx, std, c.Config, Worker)
}
