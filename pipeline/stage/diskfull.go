package stage

import (
	"errors"
	"syscall"
)

// diskFull reports whether an error means that no more can be written: a full disk, a quota, or the limit on file size that a
// child is under.
func diskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
