package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// perPage bounds the loading of one page.
const perPage = 30 * time.Second

// looks are the ways in which each page is pictured: the scheme, and the width in CSS pixels.
var looks = []struct {
	scheme string
	width  int64
}{{"light", 1280}, {"light", 320}, {"dark", 1280}, {"dark", 320}}

// camera is a browser's tab, and the folder for its pictures.
type camera struct {
	ctx context.Context
	dir string
}

// newCamera starts a browser, which close ends.
func newCamera(dir string) (c camera, closeBrowser func()) {
	alloc, endAlloc := chromedp.NewExecAllocator(context.Background(),
		append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU)...)
	ctx, endTab := chromedp.NewContext(alloc)
	return camera{ctx, dir}, func() { endTab(); endAlloc() }
}

// shoot opens a page and takes a picture of each look. Pages load anew for each: their scripts learn of the scheme then.
func (c camera) shoot(state, name, url string) error {
	for _, look := range looks {
		if err := c.dress(look.scheme, look.width); err != nil {
			return err
		}
		if err := c.open(url); err != nil {
			return fmt.Errorf("open %s: %w", url, err)
		}
		if err := c.picture(state, name, look.scheme, look.width); err != nil {
			return err
		}
	}
	return nil
}

// shootOpen takes the pictures of the page that is open, as it is.
func (c camera) shootOpen(state, name string) error {
	for _, look := range looks {
		if err := c.dress(look.scheme, look.width); err != nil {
			return err
		}
		if err := c.picture(state, name, look.scheme, look.width); err != nil {
			return err
		}
	}
	return nil
}

func (c camera) open(url string) error {
	ctx, cancel := context.WithTimeout(c.ctx, perPage)
	defer cancel()
	return chromedp.Do(ctx, chromedp.Navigate(url))
}

// until waits for an element.
func (c camera) until(selector string) error {
	ctx, cancel := context.WithTimeout(c.ctx, perPage)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.WaitVisible(chromedp.CSS(selector))); err != nil {
		return fmt.Errorf("wait for %s: %w", selector, err)
	}
	return nil
}

// dress sets the scheme that the page learns by prefers-color-scheme, and the width. Its first call starts the browser, which
// must outlive a page: it goes without a time-out.
func (c camera) dress(scheme string, width int64) error {
	return chromedp.Do(c.ctx, chromedp.EmulateViewport(width, 900),
		chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			return err
		}))
}

// picture takes the whole height of the page.
func (c camera) picture(state, name, scheme string, width int64) error {
	ctx, cancel := context.WithTimeout(c.ctx, perPage)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		return fmt.Errorf("picture of %s, %s: %w", name, state, err)
	}
	file := filepath.Join(c.dir, state, fmt.Sprintf("%s-%s-%d.png", name, scheme, width))
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	return os.WriteFile(file, picture, 0o600)
}
