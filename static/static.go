// Package static holds the dashboard's own CSS, scripts and pictures inside the program. Nothing of it comes from
// third parties, and nothing is loaded from elsewhere. Every address carries a hash of the whole content, so browsers
// may keep a file for ever and still get a new one after an upgrade.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"path"
	"strings"
)

//go:embed css/*.css js/*.js img/*.svg
var files embed.FS

// File is one asset as it is served.
type File struct {
	Body []byte
	Gzip []byte // the same, compressed; always present
	Type string // the Content-Type
}

// assets maps names such as "js/live.js" to their files; "app.css" is all style sheets in the order of their names.
var assets, version = load()

// Version is the hash over all assets: a page that was built with another one should be loaded anew.
func Version() string { return version }

// URL returns the address of an asset by its name. It panics for a name that does not exist, which is a programming
// error.
func URL(name string) string {
	if _, ok := assets[name]; !ok {
		panic("static: no asset " + name)
	}
	return "/static/" + version + "/" + name
}

// Find returns the asset at the path behind "/static/", and whether the path carries the current version: only then
// may it be cached for ever. ok is false where no such asset exists.
func Find(rest string) (f File, current, ok bool) {
	v, name, _ := strings.Cut(rest, "/")
	f, ok = assets[name]
	return f, v == version, ok
}

// load reads the embedded files. What it reads was checked by the compiler, so an error here cannot be the user's.
func load() (map[string]File, string) {
	found, sum := map[string]File{}, sha256.New()
	var css bytes.Buffer
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := files.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		fmt.Fprintf(sum, "%s %d\n", name, len(body))
		sum.Write(body)
		if path.Ext(name) == ".css" {
			css.Write(body)
			return nil
		}
		found[name] = newFile(name, body)
		return nil
	})
	if err != nil {
		panic("static: " + err.Error())
	}
	found["app.css"] = newFile("app.css", css.Bytes())
	return found, hex.EncodeToString(sum.Sum(nil))[:12]
}

func newFile(name string, body []byte) File {
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // the level is a constant that exists
	_, _ = w.Write(body)                                       // a bytes.Buffer takes everything
	_ = w.Close()
	return File{Body: body, Gzip: packed.Bytes(), Type: mediaType(path.Ext(name))}
}

func mediaType(ext string) string {
	if ext == ".js" {
		return "text/javascript; charset=utf-8" // some systems' tables still say application/x-javascript
	}
	return mime.TypeByExtension(ext)
}
