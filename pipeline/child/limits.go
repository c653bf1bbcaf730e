package child

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/trivue/trivue/pipeline/stage"
)

// Limits bound one run. A field that is zero takes its default, one below zero is no limit.
type Limits struct {
	// Wall is how long a run may take, from the start of its process.
	Wall time.Duration `json:"wall"`
	// Stall is how long a run's progress may stand still before it counts as hung.
	Stall time.Duration `json:"stall"`
	// CPU is the processor time that a run may use, all threads together, in whole seconds.
	CPU time.Duration `json:"cpu"`
	// Resident is the resident memory in bytes at which a run is ended. It is looked at every tenth of a second, so a run may
	// be above it for a moment; AddressSpace is the bound that holds at every moment.
	Resident int64 `json:"resident"`
	// AddressSpace is the virtual memory in bytes. The Go runtime and GStreamer reserve much that they never touch: each
	// thread takes 8 MB of stack, and up to 64 MB of malloc arena. Below 1.4 GiB no plugin loads; 2 GiB do for 720p on two
	// processors.
	AddressSpace int64 `json:"addressSpace"`
	// FileSize is how long any file may become that the run writes, in bytes.
	FileSize int64 `json:"fileSize"`
	// OpenFiles bounds file descriptors.
	OpenFiles int `json:"openFiles"`
	// Threads bounds what the operating system counts as the user's processes and threads, including those outside the run;
	// it has no effect on root. The sandbox lets a run start threads and no processes.
	Threads int `json:"threads"`
}

const (
	mebibyte = 1 << 20
	gibibyte = 1 << 30
)

// Defaults of Limits. Stall is what ends a hang; wall and processor time are for runs that move without getting anywhere, and
// leave room for transcoding the longest recording that is accepted on a slow machine.
const (
	defaultWall         = 6 * time.Hour
	defaultStall        = 30 * time.Second
	defaultCPU          = 12 * time.Hour
	defaultResident     = 1536 * mebibyte // a decoder with 8K pictures needs over 600 MiB
	defaultAddressSpace = 8 * gibibyte
	defaultOpenFiles    = 256
	unlimited           = -1

	// The largest file that a stage makes is a playback file, about as long as its source; a transcoded one of a source in a
	// denser format is longer.
	defaultFileSize  = 8 * gibibyte
	fileSizePerInput = 4
)

func (l Limits) withDefaults(job stage.Job) Limits {
	fill(&l.Wall, defaultWall)
	fill(&l.Stall, defaultStall)
	fill(&l.CPU, defaultCPU)
	fill(&l.Resident, defaultResident)
	fill(&l.AddressSpace, defaultAddressSpace)
	fill(&l.OpenFiles, defaultOpenFiles)
	fill(&l.Threads, unlimited)
	if l.FileSize == 0 {
		l.FileSize = defaultFileSize
		for _, path := range job.Inputs {
			// An input that cannot be looked at is the stage's to complain of.
			if info, err := os.Stat(path); err == nil {
				l.FileSize += fileSizePerInput * info.Size()
			}
		}
	}
	return l
}

func fill[T int | int64 | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// impose puts the calling process under those limits that the kernel keeps. Hard and soft limits are the same, so that there
// is no way back, and so that running out of processor time ends the process instead of raising a signal that the Go runtime
// ignores.
func (l Limits) impose() error {
	seconds := int64(l.CPU / time.Second)
	if l.CPU > 0 {
		seconds = max(seconds, 1)
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
