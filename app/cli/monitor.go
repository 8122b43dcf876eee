package cli

import "context"

// monitorCmd runs a monitor apart, on a Redis that other processes share.
type monitorCmd struct{ Config }

// Run implements the command.
func (c *monitorCmd) Run(ctx context.Context, std streams) error {
	return runRoles(ctx, std, c.Config, Monitor)
}
