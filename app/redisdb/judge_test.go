package redisdb

import (
	"strings"
	"testing"
)

func TestAVersionBelow62IsRefused(t *testing.T) {
	for version, refused := range map[string]bool{
		"2.8.24": true, "5.0.14": true, "6.0.16": true, "6.1.240": true,
		"6.2.0": false, "6.2": false, "7.0.15": false, "8.2.1": false, "10.0.0": false, "255.255.255": false,
		"": false, "unstable": false, // unknown: the user may not read it, or it is built from source
	} {
		f := facts{}
		f.takeInfo("# Server\r\nredis_version:" + version + "\r\nrole:master\r\n")
		r := f.refusal()
		if (r != nil) != refused {
			t.Errorf("Redis %q: %v; want refused: %v", version, r, refused)
		}
		if refused && (!strings.Contains(r.Error(), version) || !strings.Contains(r.Error(), "install Redis 6.2 or later")) {
			t.Errorf("Redis %q: %v; want its version and the fix", version, r)
		}
	}
}
