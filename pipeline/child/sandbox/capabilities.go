package sandbox

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// kept are the capabilities that remain to a process of root. A server that runs as root may have been handed files of other
// users; Landlock bounds which.
const kept = 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_DAC_READ_SEARCH

// dropCapabilities gives up all capabilities but the kept ones, on every thread (capabilities(7): they belong to threads).
func dropCapabilities() (string, error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return "", fmt.Errorf("read capabilities: %w", err)
	}
	had := data[0].Permitted | data[1].Permitted
	for i := range data {
		var keep uint32
		if i == 0 {
			keep = kept
		}
		data[i].Permitted &= keep
		data[i].Effective &= keep
		data[i].Inheritable = 0
	}
	if _, _, errno := psx.Syscall3(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data[0])), 0); errno != 0 {
		return "", fmt.Errorf("give up capabilities: %w", errno)
	}
	if had == 0 {
		return "it had none", nil
	}
	return "given up", nil
}
