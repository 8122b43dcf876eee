package cli

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by a release build: -ldflags "-X github.com/xuniquepatel/queue-pilot/app/cli.version=1.2.3".
var version string

// Version is the release's number, or the commit that the program was built from, or "dev".
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return "dev"
}

// versionCmd shows what this program is.
type versionCmd struct {
	JSON bool `help:"Print JSON."`
}

// Run implements the command.
func (c *versionCmd) Run(std streams) error {
	if c.JSON {
		return json.NewEncoder(std.out).Encode(map[string]string{"version": Version(), "go": runtime.Version()})
	}
	_, err := fmt.Fprintf(std.out, "queuepilot %s (%s %s/%s)\n", Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
