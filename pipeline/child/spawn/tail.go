package spawn

import (
	"io"
	"strings"
)

// TailSize is how much of what a child prints is kept, in bytes: its last words matter, and a decoder that complains of every
// packet must not fill the parent's memory.
const TailSize = 16 << 10

// Tail keeps the end of what is written to it.
type Tail struct {
	kept    []byte
	dropped bool
}

func (t *Tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - TailSize; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
		t.dropped = true
	}
	return len(p), nil
}

func (t *Tail) String() string {
	text := strings.ToValidUTF8(string(t.kept), "�")
	if t.dropped {
		return "…" + text
	}
	return text
}

var _ io.Writer = (*Tail)(nil)
