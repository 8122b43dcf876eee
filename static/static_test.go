package static

import (
	"bytes"
	"compress/gzip"
	"io"
	"regexp"
	"strings"
	"testing"
)

func TestAnAssetIsFoundUnderItsURL(t *testing.T) {
	for name := range assets {
		f, current, ok := Find(strings.TrimPrefix(URL(name), "/static/"))
		if !ok || !current || len(f.Body) == 0 || f.Type == "" {
			t.Errorf("%s: found %v, current %v, %d bytes of %q", name, ok, current, len(f.Body), f.Type)
		}
		r, err := gzip.NewReader(bytes.NewReader(f.Gzip))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, f.Body) {
			t.Errorf("%s: its compressed form differs: %v", name, err)
		}
	}
	if _, current, ok := Find("0123/app.css"); !ok || current {
		t.Errorf("an old address: found %v, current %v", ok, current)
	}
	for _, path := range []string{"", "app.css", Version() + "/", Version() + "/../static.go", Version() + "/css/10-base.css"} {
		if _, _, ok := Find(path); ok {
			t.Errorf("%q was found", path)
		}
	}
}

// The first load is at most 60 KB, of which scripts 15 KB: a phone on a bad line must see the state of things.
func TestAssetsAreSmall(t *testing.T) {
	all, scripts := 0, 0
	for name, f := range assets {
		all += len(f.Gzip)
		if strings.HasSuffix(name, ".js") {
			scripts += len(f.Gzip)
		}
	}
	if scripts > 15<<10 || all > 50<<10 {
		t.Errorf("scripts have %d bytes, all assets %d", scripts, all)
	}
}

// What the content policy would refuse, or would send readers' addresses elsewhere.
func TestNothingComesFromElsewhere(t *testing.T) {
	foreign := regexp.MustCompile(`(?i)https?://|@import|eval\(|new Function|\.style\b|setAttribute\("style`)
	for name, f := range assets {
		body := strings.ReplaceAll(string(f.Body), "http://www.w3.org/2000/svg", "")
		if found := foreign.FindString(body); found != "" {
			t.Errorf("%s has %q", name, found)
		}
	}
}
