package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// tree is the copy of the module. All mutants are made in this one, so that only what differs is compiled anew.
type tree struct {
	dir  string
	temp string // for what the tests write
}

// copyModule copies what git knows of, or would take, as it stands in the folder root.
func copyModule(ctx context.Context, root, to string) (tree, error) {
	t := tree{filepath.Join(to, "module"), filepath.Join(to, "temp")}
	if err := os.MkdirAll(t.temp, 0o750); err != nil {
		return t, err
	}
	list := exec.CommandContext(ctx, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		return t, fmt.Errorf("list the files of %s: %w", root, err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		err := copyFile(filepath.Join(root, name), filepath.Join(t.dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // removed, and git was not told yet
			return t, fmt.Errorf("copy the module: %w", err)
		}
	}
	return t, nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// apply makes the mutant. restore takes it back.
func (t tree) apply(m mutant) (restore func() error, err error) {
	texts, err := m.mutated(t.dir)
	if err != nil {
		return nil, err
	}
	before := map[string]string{}
	for name := range texts {
		text, err := os.ReadFile(filepath.Join(t.dir, name))
		if err != nil {
			return nil, err
		}
		before[name] = string(text)
	}
	return func() error { return t.write(before) }, t.write(texts)
}

func (t tree) write(texts map[string]string) error {
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(t.dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}
