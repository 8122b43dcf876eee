package cli

import "context"

// webCmd runs the dashboard and the API apart, on a Redis that other processes share.
type webCmd struct{ Config }

// Run implements the command.
func (c *webCmd) Run(ctx context.Context, std streams) error {
	return runRoles(ctx, std, c.Config, Web)
}
