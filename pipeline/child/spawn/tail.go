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

// OutOfMemory looks for what a process prints when the limit on its address space is reached. There is no other sign of it:
// each library then aborts in its own way.
func OutOfMemory(said string) bool {
	for _, phrase := range []string{
		"out of memory",                      // Go, runtime/malloc.go, runtime/mheap.go
		"annot allocate memory",              // Go, runtime/mem_linux.go; strerror(ENOMEM)
		"failed to map segment",              // the dynamic linker, elf/dl-load.c
		"failed to create new OS thread",     // Go, runtime/os_linux.go: no room for a thread's stack
		"runtime/cgo: pthread_create failed", // the same with C code
		"failed to allocate ",                // GLib, gmem.c
		"std::bad_alloc",                     // C++
	} {
		if strings.Contains(said, phrase) {
			return true
		}
	}
	return false
}
