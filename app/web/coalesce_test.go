package web

import (
	"context"
	"errors"
	"sync"
	"testing"
)

func TestAnAnswerIsNeverOlderThanItsQuestion(t *testing.T) {
	started, release := make(chan int), make(chan struct{})
	reads := 0
	c := newCoalescer(func(context.Context, string) (int, error) {
		reads++
		started <- reads
		<-release
		return reads, nil
	})
	ask := func() <-chan int {
		f := c.join("k")
		got := make(chan int, 1)
		go func() { <-f.done; got <- f.val }()
		return got
	}
	first := ask()
	<-started // the first read is under way: whoever asks now must not get it
	second, third := ask(), ask()
	release <- struct{}{}
	if got := <-first; got != 1 {
		t.Errorf("the first asker got read %d; want 1", got)
	}
	<-started
	release <- struct{}{}
	if a, b := <-second, <-third; a != 2 || b != 2 {
		t.Errorf("later askers got reads %d and %d; want both 2", a, b)
	}
}

func TestManyAskersShareFewReads(t *testing.T) {
	var mu sync.Mutex
	reads := map[int]int{}
	gate := make(chan struct{})
	c := newCoalescer(func(_ context.Context, key int) (int, error) {
		<-gate
		mu.Lock()
		defer mu.Unlock()
		reads[key]++
		return key, nil
	})
	var flights []*flight[int]
	for range 500 {
		flights = append(flights, c.join(1), c.join(2))
	}
	close(gate)
	for _, f := range flights {
		<-f.done
	}
	mu.Lock()
	defer mu.Unlock()
	if reads[1] > 2 || reads[2] > 2 {
		t.Errorf("500 askers a key caused reads %v; want at most 2 each", reads)
	}
}

func TestAnAskerLeavesWithItsContext(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	c := newCoalescer(func(context.Context, int) (int, error) { <-release; return 1, nil })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.get(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v; want %v", err, context.Canceled)
	}
}
