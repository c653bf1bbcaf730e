package sandbox

import (
	"errors"
	"fmt"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// Rights within a writable folder. Left out on purpose: executing, and making symbolic links, sockets, pipes and devices, which
// whoever reads the folder afterwards could be tricked with.
const writable = landlock.AccessFSSet(ll.AccessFSReadFile | ll.AccessFSReadDir | ll.AccessFSWriteFile | ll.AccessFSTruncate |
	ll.AccessFSMakeReg | ll.AccessFSMakeDir | ll.AccessFSRemoveFile | ll.AccessFSRemoveDir)

// restrictFiles leaves the policy's files and folders reachable, and nothing else: not /usr, not /proc, not /etc. The Go runtime
// needs no file once it runs (the time zone is fixed by TZ, randomness comes from getrandom); C libraries have been loaded
// before. Go-landlock adds the list of the process's own threads (/proc/PID/task), by which it finds them.
func restrictFiles(p Policy) (string, error) {
	abi, err := ll.LandlockGetABIVersion()
	if err != nil || abi < 1 {
		return "", errors.New("the kernel has no Landlock (Linux 5.13 and later, with landlock among its security modules)")
	}
	rules := []landlock.Rule{
		landlock.PathAccess(ll.AccessFSReadFile, p.ReadFiles...),
		landlock.PathAccess(writable, p.Writable...),
	}
	// Signals are scoped by the seccomp filter instead: kernels 6.12 to 6.14 count a process's own threads as strangers once
	// Landlock scopes signals, and the Go runtime then cannot preempt goroutines.
	config := landlock.V11
	config.Scoped &^= ll.ScopeSignal
	if err := config.BestEffort().Restrict(rules...); err != nil {
		return "", err
	}
	detail := fmt.Sprintf("ABI %d: inputs readable, output writable", abi)
	if abi >= 4 {
		detail += ", no TCP"
	}
	return detail, nil
}
