package queue

import (
	_ "embed"
	"fmt"
	"strings"
	"time"
)

//go:embed once.lua
var onceLua string

// opKept is how long the answer of a user's move is kept for its repeats. All of them come within some seconds.
const opKept = time.Minute

// Once makes of a move one that is done once however often it is sent: each call gets an operation id, and Redis keeps
// the answer under it for a minute. The move must answer text or a whole number, and must not read how many arguments it has.
func (s *Script) Once() *Script {
	before, after, _ := strings.Cut(onceLua, "-- MOVE\n")
	after = strings.ReplaceAll(after, "OP_KEPT", fmt.Sprint(opKept.Milliseconds()))
	return &Script{name: s.name, text: before + s.text + "\n" + after, once: true}
}
