package child

import (
	"os"
	"time"

	"github.com/trivue/trivue/pipeline/child/sandbox"
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

// impose puts the calling process under those limits that the kernel keeps.
func (l Limits) impose() error {
	return sandbox.Limits{CPU: l.CPU, AddressSpace: l.AddressSpace, FileSize: l.FileSize, OpenFiles: l.OpenFiles, Threads: l.Threads}.Impose()
}
