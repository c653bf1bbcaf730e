package child

import (
	"io"
	"strings"
)

// tailSize is how much of what a child prints is kept, in bytes: its last words matter, and a decoder that complains of every
// packet must not fill the parent's memory.
const tailSize = 16 << 10

// tail keeps the end of what is written to it.
type tail struct {
	kept    []byte
	dropped bool
}

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - tailSize; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
		t.dropped = true
	}
	return len(p), nil
}

func (t *tail) String() string {
	text := strings.ToValidUTF8(string(t.kept), "�")
	if t.dropped {
		return "…" + text
	}
	return text
}

var _ io.Writer = (*tail)(nil)
