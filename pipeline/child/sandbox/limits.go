package sandbox

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Limits are what the kernel bounds a process by. Below zero is no limit.
type Limits struct {
	CPU          time.Duration // processor time, all threads together, in whole seconds
	AddressSpace int64         // bytes
	FileSize     int64         // bytes
	OpenFiles    int           // descriptors
	Threads      int           // of the whole user; no effect on root
}

// Impose puts the calling process under the limits. Hard and soft limits are the same, so that there is no way back, and so that
// running out of processor time ends the process instead of raising a signal that the Go runtime ignores.
func (l Limits) Impose() error {
	seconds := int64(-1) // a part of a second below zero would become zero, which is no time at all
	if l.CPU >= 0 {
		seconds = max(int64(l.CPU/time.Second), 1)
	}
	for _, limit := range []struct {
		name     string
		resource int
		value    int64
	}{
		{"core dumps", unix.RLIMIT_CORE, 0},
		{"processor time", unix.RLIMIT_CPU, seconds},
		{"address space", unix.RLIMIT_AS, l.AddressSpace},
		{"file size", unix.RLIMIT_FSIZE, l.FileSize},
		{"open files", unix.RLIMIT_NOFILE, int64(l.OpenFiles)},
		{"threads", unix.RLIMIT_NPROC, int64(l.Threads)},
	} {
		if limit.value < 0 {
			continue
		}
		var now unix.Rlimit
		if err := unix.Getrlimit(limit.resource, &now); err != nil {
			return fmt.Errorf("read the limit on %s: %w", limit.name, err)
		}
		// Whoever is not root cannot raise a limit that is lower already.
		value := min(uint64(limit.value), now.Max)
		if err := unix.Setrlimit(limit.resource, &unix.Rlimit{Cur: value, Max: value}); err != nil {
			return fmt.Errorf("limit %s to %d: %w", limit.name, value, err)
		}
	}
	return nil
}
