package harness

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Browser is one tab of a headless Chromium. It fails its test where a page throws, or violates its content security
// policy.
type Browser struct {
	t   testing.TB
	ctx context.Context

	mu      sync.Mutex
	console []string
}

// NewBrowser starts Chromium. It is gone when the test ends.
func NewBrowser(t testing.TB) *Browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, // Chromium's own sandbox refuses to run as root, as in containers
		chromedp.DisableGPU,
		chromedp.WindowSize(1280, 900),
	)
	alloc, endAlloc := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, endTab := chromedp.NewContext(alloc)
	b := &Browser{t: t, ctx: ctx}
	if err := chromedp.Do(ctx); err != nil {
		endAlloc()
		t.Fatalf("start Chromium (apt-get install chromium, or brew install --cask chromium): %v", err)
	}
	var reader sync.WaitGroup
	reader.Go(b.readConsole)
	t.Cleanup(func() {
		endTab()
		endAlloc()
		reader.Wait()
		b.checkConsole()
	})
	return b
}

func (b *Browser) readConsole() {
	for message, err := range chromedp.Console(b.ctx) {
		if err != nil {
			return // the tab is closed
		}
		b.mu.Lock()
		b.console = append(b.console, string(message.Type)+": "+message.Text)
		b.mu.Unlock()
	}
}

func (b *Browser) checkConsole() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, line := range b.console {
		if strings.HasPrefix(line, string(chromedp.ConsoleException)) || strings.Contains(line, "Content Security Policy") {
			b.t.Errorf("the page printed %s", line)
		}
	}
	if b.t.Failed() {
		b.t.Logf("console of the browser:\n%s", strings.Join(b.console, "\n"))
	}
}

// Do runs steps, and fails the test where one fails or takes longer than Patience.
func (b *Browser) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, Patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("in the browser: %v", err)
	}
}

// Open loads a page.
func (b *Browser) Open(url string) {
	b.t.Helper()
	b.Do(chromedp.Navigate(url))
}

// Scripts allows or forbids JavaScript to the pages loaded from now on.
func (b *Browser) Scripts(allowed bool) {
	b.t.Helper()
	b.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled,
			emulation.SetScriptExecutionDisabledParams{Value: !allowed})
		return err
	}))
}

// Viewport sets the size of the page in CSS pixels.
func (b *Browser) Viewport(width, height int64) {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(width, height))
}

// Prefer sets what pages learn by a media feature: Prefer("prefers-color-scheme", "dark").
func (b *Browser) Prefer(feature, value string) {
	b.t.Helper()
	b.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: feature, Value: value}},
		})
		return err
	}))
}

// Type presses keys: text, or keys by their names in chromedp's package kb, such as "\t" and "\r".
func (b *Browser) Type(keys string) {
	b.t.Helper()
	b.Do(chromedp.KeyEvent(keys))
}

// HeapBytes is what the page's scripts keep, after a collection of garbage.
func (b *Browser) HeapBytes() float64 {
	b.t.Helper()
	var used float64
	b.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		if _, err := chromedp.Call(ctx, heapprofiler.CollectGarbage, cdp.Empty{}); err != nil {
			return err
		}
		usage, err := chromedp.Call(ctx, runtime.GetHeapUsage, cdp.Empty{})
		used = usage.UsedSize
		return err
	}))
	return used
}

// UntilTrue waits until a JavaScript expression is true; what says it in words.
func (b *Browser) UntilTrue(what, expression string) {
	b.t.Helper()
	Until(b.t, what, func() error {
		yes, err := Eval[bool](b, expression)
		if err == nil && !yes {
			err = errors.New("it is not so yet")
		}
		return err
	})
}

// UntilText waits until the text of the first element that matches holds want.
func (b *Browser) UntilText(selector, want string) {
	b.t.Helper()
	Until(b.t, fmt.Sprintf("%s shows %q", selector, want), func() error {
		expression := fmt.Sprintf(`document.querySelector(%q)?.textContent ?? "(no such element)"`, selector)
		text, err := Eval[string](b, expression)
		if err == nil && !strings.Contains(text, want) {
			err = fmt.Errorf("its text is %q", text)
		}
		return err
	})
}

// UntilThere waits until an element matches.
func (b *Browser) UntilThere(selector string) {
	b.t.Helper()
	Until(b.t, selector+" is there", func() error {
		n, err := Eval[int](b, fmt.Sprintf(`document.querySelectorAll(%q).length`, selector))
		if err == nil && n == 0 {
			err = errors.New("no element matches")
		}
		return err
	})
}

// Eval returns the value of a JavaScript expression, awaited where it is a promise.
func Eval[T any](b *Browser, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, Patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}
