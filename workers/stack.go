package workers

import (
	"bytes"
	"runtime/debug"
)

// panicStack is the stack of a panic that was just recovered, from where it happened, at most 2 KiB.
func panicStack() []byte {
	stack := debug.Stack()
	if at := bytes.Index(stack, []byte("\npanic(")); at >= 0 {
		stack = stack[at+1:]
		for range 2 { // the two lines of panic itself
			if end := bytes.IndexByte(stack, '\n'); end >= 0 {
				stack = stack[end+1:]
			}
		}
	}
	return stack[:min(len(stack), 2048)]
}
