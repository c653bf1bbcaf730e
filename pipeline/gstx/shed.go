package gstx

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// shed gives back the pages of the program and its libraries that starting has touched: tens of megabytes of which decoding needs a
// few, and which would count for this process to its end. Those that are needed again come back from the page cache.
//
// Dropped are only mappings of files that cannot be written to and in which nothing was ever written (the loader's relocations are):
// all of their pages are the file's. The names of fields are those of proc_pid_smaps(5).
func shed() error {
	f, err := os.Open("/proc/self/smaps")
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil // such a kernel counts more for the process, and nothing is wrong
	}
	if err != nil {
		return fmt.Errorf("look for memory to give back: %w", err)
	}
	defer f.Close()
	var start, end uintptr
	readOnly := false
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var from, to uintptr
		var mode, offset, device string
		var inode, written int
		if n, _ := fmt.Sscanf(lines.Text(), "%x-%x %s %s %s %d", &from, &to, &mode, &offset, &device, &inode); n == 6 {
			start, end, readOnly = from, to, inode != 0 && strings.HasPrefix(mode, "r-") && strings.HasSuffix(mode, "p")
			continue
		}
		if n, _ := fmt.Sscanf(lines.Text(), "Anonymous: %d kB", &written); n != 1 || written > 0 || !readOnly {
			continue
		}
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, start, end-start, unix.MADV_DONTNEED); errno != 0 {
			return fmt.Errorf("give back memory: %w", errno)
		}
	}
	return lines.Err()
}
