package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"time"

	"github.com/dustin/go-humanize"
	"golang.org/x/sys/unix"
)

const (
	spaceFails  = 1 << 30  // bytes
	spaceWarns  = 20 << 30 // bytes; a day of interviews
	inodesWarns = 10_000
	syncWarns   = 100 * time.Millisecond // a disk that turns needs about 20 ms
)

// networkFileSystems are those on which SQLite's write-ahead log does not work, by their magic numbers (statfs(2)): it needs
// memory that is shared among processes (sqlite.org/wal.html).
var networkFileSystems = map[int64]string{
	unix.NFS_SUPER_MAGIC: "NFS", unix.CIFS_SUPER_MAGIC: "CIFS", unix.SMB2_SUPER_MAGIC: "SMB", unix.SMB_SUPER_MAGIC: "SMB",
	unix.V9FS_MAGIC: "9P", unix.CEPH_SUPER_MAGIC: "Ceph", unix.AFS_SUPER_MAGIC: "AFS",
}

func diskSpace(folder string) Result {
	folder = existing(folder)
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return failed(mendSpaceElsewhere, textSpaceUnknown, folder, err)
	}
	return space(folder, s)
}

func space(folder string, s unix.Statfs_t) Result {
	free := s.Bavail * uint64(s.Bsize)
	size := humanize.IBytes(free)
	network := networkFileSystems[int64(s.Type)]
	switch {
	case free < spaceFails:
		return failed(mendSpace, textSpaceLow, size, folder)
	case network != "":
		return warning(mendSpaceElsewhere, textSpaceNetwork, folder, network)
	case int64(s.Type) == unix.TMPFS_MAGIC:
		return warning(mendSpaceElsewhere, textSpaceMemory, folder)
	case free < spaceWarns:
		return warning(mendSpace, textSpaceLow, size, folder)
	case s.Files > 0 && s.Ffree < inodesWarns: // file systems without a fixed number of inodes say 0
		return warning(mendSpace, textSpaceInodes, s.Ffree, folder)
	default:
		return ok(textSpace, size, folder)
	}
}

// existing is the folder itself, or the nearest above it that exists: the data folder is made at the first start.
func existing(folder string) string {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return "."
	}
	for {
		if info, err := os.Stat(folder); err == nil && info.IsDir() || folder == filepath.Dir(folder) {
			return folder
		}
		folder = filepath.Dir(folder)
	}
}

// diskSpeed measures what each commit of the database and each receipt of an upload waits for.
func diskSpeed(folder string) Result {
	folder = existing(folder)
	median, err := syncTime(folder, time.Now)
	if errors.Is(err, fs.ErrPermission) {
		name := "$(id -un)"
		if u, err := user.Current(); err == nil {
			name = u.Username
		}
		return failed(fmt.Sprintf(mendSpeedPermission, name, folder), textSpeedNoWrite, folder, errors.Unwrap(err))
	}
	if err != nil {
		return failed(mendSpaceElsewhere, textSpeedNoWrite, folder, err)
	}
	return speed(median)
}

func speed(median time.Duration) Result {
	shown := median.Round(100 * time.Microsecond)
	if median > syncWarns {
		return warning(mendSpeed, textSpeedSlow, shown)
	}
	return ok(textSpeed, shown)
}

// syncTime is the median time that writing a page and fsync take, of a few.
func syncTime(folder string, now func() time.Time) (time.Duration, error) {
	f, err := os.CreateTemp(folder, ".trivue-doctor-*")
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	page := make([]byte, 4096)
	times := make([]time.Duration, 15)
	for i := range times {
		began := now()
		if _, err := f.Write(page); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		times[i] = now().Sub(began)
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}
