package doctor

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"golang.org/x/sys/unix"
)

const (
	memoryFails = 512 << 20  // bytes
	memoryWarns = 1900 << 20 // bytes; a machine "with 2 GB" has a little less
	filesWarn   = 4096
	filesEach   = 8 // descriptors that an upload with its recording page, its file and its events takes, roughly
)

// resources is what the machine, or the container that this runs in, has.
type resources struct {
	memory, available uint64 // bytes
	processors        int
	err               error // why memory is not known
}

func machine() resources {
	// The Go runtime takes a container's share of processors into account (GOMAXPROCS).
	r := resources{processors: runtime.GOMAXPROCS(0)}
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		r.err = err
		return r
	}
	if r.memory, r.available, r.err = parseMeminfo(data); r.err != nil {
		return r
	}
	// Control groups, version 2: "max", or bytes.
	if data, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if limit, err := strconv.ParseUint(strings.TrimSpace(string(data)), 10, 64); err == nil && limit < r.memory {
			r.memory, r.available = limit, min(r.available, limit)
		}
	}
	return r
}

// parseMeminfo reads total and available memory, in bytes, out of /proc/meminfo (proc_meminfo(5)).
func parseMeminfo(data []byte) (total, available uint64, err error) {
	values := map[string]uint64{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 3 && fields[2] == "kB" {
			if n, err := strconv.ParseUint(fields[1], 10, 54); err == nil {
				values[fields[0]] = n << 10
			}
		}
	}
	total, known := values["MemTotal:"]
	if !known {
		return 0, 0, fmt.Errorf("it does not say MemTotal")
	}
	return total, values["MemAvailable:"], lines.Err()
}

func memory(r resources) Result {
	total, available := humanize.IBytes(r.memory), humanize.IBytes(r.available)
	switch {
	case r.err != nil:
		return warning("", textMemoryUnknown, r.err)
	case r.memory < memoryFails:
		return failed(mendMemory, textMemoryLow, total, available)
	case r.memory < memoryWarns || r.available < memoryFails:
		return warning(mendMemory, textMemoryLow, total, available)
	default:
		return ok(textMemory, total, available)
	}
}

func processors(r resources) Result {
	if r.processors < 2 {
		return warning(mendProcessors, textProcessorsFew)
	}
	return ok(textProcessors, r.processors)
}

func openFilesLimit() (uint64, error) {
	var limit unix.Rlimit
	// The Go runtime raises the soft limit to the hard one at its start, and so does trivue serve.
	err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
	return limit.Max, err
}

func openFiles(limit uint64, err error) Result {
	switch {
	case err != nil:
		return warning("", textFilesUnknown, err)
	case limit < filesWarn:
		return warning(mendFiles, textFilesFew, limit, limit/filesEach)
	default:
		return ok(textFiles, limit)
	}
}

// timeSource is the kernel's clock.
type timeSource interface {
	// adjustment is the state of the clock as adjtimex(2) gives it.
	adjustment() (state int, t unix.Timex, err error)
	now() time.Time
}

type kernelTime struct{}

func (kernelTime) adjustment() (int, unix.Timex, error) {
	var t unix.Timex // without modes nothing is changed
	state, err := unix.Adjtimex(&t)
	return state, t, err
}

func (kernelTime) now() time.Time { return time.Now() }

// Constants of adjtimex(2).
const (
	timeError   = 5    // TIME_ERROR: not synchronised
	staUnsynced = 0x40 // STA_UNSYNC
)

// written is when this check was: no clock that is right is before it.
var written = time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)

func clock(source timeSource) Result {
	now := source.now()
	if now.Before(written) {
		return failed(mendClock, textClockWrong, now.Format(time.DateTime))
	}
	previous := now
	for range 10_000 {
		next := source.now()
		if next.Before(previous) {
			return failed(mendClockHardware, textClockBackwards)
		}
		previous = next
	}
	state, t, err := source.adjustment()
	if err != nil {
		return warning(mendClock, textClockUnknown, err)
	}
	if state == timeError || t.Status&staUnsynced != 0 {
		return warning(mendClock, textClockUnsynced)
	}
	return ok(textClock, (time.Duration(t.Esterror) * time.Microsecond).String())
}
