package cli

import "context"

// schedulerCmd runs a scheduler apart, on a Redis that other processes share.
type schedulerCmd struct{ Config }

// Run implements the command.
func (c *schedulerCmd) Run(ctx context.Context, std streams) error {
	return runRoles(ctx, std, c.Config, Scheduler)
}
