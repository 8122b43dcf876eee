// Screenshots takes a picture of every page of a running QueuePilot, light and dark, wide and narrow, for people to look
// at before they call a page done.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// perPage bounds the loading of one page.
const perPage = 30 * time.Second

// pages by the name of their picture.
var pages = map[string]string{
	"overview": "/", "queues": "/queues", "queue": "/queues/default", "tasks": "/tasks", "failed": "/failed", "workers": "/workers",
	"submit": "/submit", "confirm": "/confirm?action=delete&state=failed", "missing": "/nowhere",
}

func main() {
	server := flag.String("server", "http://127.0.0.1:8080", "address of the running server")
	dir := flag.String("dir", ".screenshots", "folder for the pictures")
	task := flag.String("task", "", "id of a task whose page is wanted too")
	flag.Parse()
	if *task != "" {
		pages["task"] = "/tasks/" + *task
	}
	if err := shootAll(*server, *dir); err != nil {
		log.Fatal(err)
	}
}

func shootAll(server, dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	alloc, endAlloc := chromedp.NewExecAllocator(context.Background(),
		append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU)...)
	defer endAlloc()
	ctx, endTab := chromedp.NewContext(alloc)
	defer endTab()
	for name, path := range pages {
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{1280, 320} {
				file := filepath.Join(dir, fmt.Sprintf("%s-%s-%d.png", name, scheme, width))
				if err := shoot(ctx, server+path, file, scheme, width); err != nil {
					return fmt.Errorf("picture %s: %w", file, err)
				}
			}
		}
	}
	return nil
}

// shoot takes the whole height of a page at the given width in CSS pixels.
func shoot(ctx context.Context, url, file, scheme string, width int64) error {
	// The first call starts the browser, which must outlive this page: it goes without a time-out.
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), prefer(scheme)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, perPage)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		return err
	}
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		return err
	}
	return os.WriteFile(file, picture, 0o600)
}

// prefer sets what the page learns by prefers-color-scheme.
func prefer(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})
}
