package sandbox

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// refused are the system calls that get EPERM. It is a list of what is refused, not of what is allowed: decoders and the C
// library may make any harmless call in their next version, and a decoder that dies of one is of no use. What is reachable
// besides is bounded by Landlock and the network namespace.
var refused = []string{
	// Other programs, other processes.
	"execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease",
	"kcmp", "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "setsid", "setpgid",
	// The network, and other processes by sockets.
	"socket", "connect", "bind", "listen", "accept", "accept4",
	// Mounts and namespaces.
	"mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "open_tree_attr", "fsopen", "fsconfig", "fsmount", "fspick",
	"mount_setattr", "unshare", "setns", "open_by_handle_at", "name_to_handle_at", "fanotify_init",
	// The kernel itself, and the parts of it that most of its holes are found in.
	"bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key", "io_uring_setup", "io_uring_enter",
	"io_uring_register", "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon",
	"swapoff", "acct", "quotactl", "quotactl_fd", "syslog", "lookup_dcookie", "nfsservctl", "vhangup", "iopl", "ioperm", "modify_ldt",
	"personality", "move_pages", "migrate_pages", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname",
	"setdomainname", "memfd_secret",
	// Identity.
	"setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid", "setgroups", "capset",
	// What Landlock does not know of: owners, modes, attributes and times of files, wherever they are.
	"chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "setxattr", "lsetxattr", "fsetxattr",
	"setxattrat", "removexattr", "lremovexattr", "fremovexattr", "removexattrat", "utime", "utimes", "utimensat", "futimesat",
	"symlink", "symlinkat", "link", "linkat", "mknod", "mknodat",
	// Message queues and shared memory that outlive the process.
	"shmget", "shmat", "shmctl", "semget", "msgget", "mq_open",
}

// filterSystemCalls installs the filter on every thread (SECCOMP_FILTER_FLAG_TSYNC), with no_new_privs.
func filterSystemCalls() (string, error) {
	if !seccomp.Supported() {
		return "", errors.New("the kernel has no seccomp filters")
	}
	program, err := assemble(uint64(os.Getpid()))
	if err != nil {
		return "", err
	}
	// The filter's flag synchronises no_new_privs too, but the calling thread must have it first.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := seccomp.SetNoNewPrivs(); err != nil {
		return "", fmt.Errorf("set no_new_privs: %w", err)
	}
	fprog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&fprog)))
	if errno != 0 {
		return "", fmt.Errorf("install the filter: %w", errno)
	}
	if thread != 0 {
		return "", fmt.Errorf("install the filter: thread %d has a filter of its own", thread)
	}
	return "no programs, processes, sockets, mounts, keys, io_uring, changes of owner or mode", nil
}

// assemble makes the filter in the form that the kernel takes.
func assemble(pid uint64) ([]unix.SockFilter, error) {
	program, err := instructions(pid)
	if err != nil {
		return nil, err
	}
	raw, err := bpf.Assemble(program)
	if err != nil {
		return nil, fmt.Errorf("assemble the filter: %w", err)
	}
	filter := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		filter[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	return filter, nil
}

// instructions are the filter's program for the process with that id.
func instructions(pid uint64) ([]bpf.Instruction, error) {
	native, err := arch.GetInfo("")
	if err != nil {
		return nil, fmt.Errorf("seccomp on this architecture: %w", err)
	}
	policy := seccomp.Policy{
		DefaultAction: seccomp.ActionAllow,
		Syscalls: []seccomp.SyscallGroup{
			{Action: seccomp.ActionErrno, Names: known(native, refused)},
			// The C library asks for clone3 first, whose flags a filter cannot see; on ENOSYS it takes clone.
			{Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS), Names: []string{"clone3"}},
			{Action: seccomp.ActionErrno, NamesWithCondtions: []seccomp.NameWithConditions{
				// Threads, but no processes.
				when("clone", 0, seccomp.BitsNotSet, unix.CLONE_THREAD),
				// Signals to its own threads: the Go runtime preempts by them, and abort(3) raises one.
				when("kill", 0, seccomp.NotEqual, pid),
				when("tgkill", 0, seccomp.NotEqual, pid),
				when("prlimit64", 0, seccomp.NotEqual, 0),
				// GLib makes wake-up pairs of local sockets.
				when("socketpair", 0, seccomp.NotEqual, unix.AF_UNIX),
				// Typing into a terminal that the parent may still have.
				when("ioctl", 1, seccomp.Equal, unix.TIOCSTI),
			}},
		},
	}
	rest, err := policy.Assemble()
	if err != nil {
		return nil, fmt.Errorf("assemble the filter: %w", err)
	}
	// The library lets calls of a foreign architecture pass (on amd64: those made by int 0x80, with numbers of i386), which
	// would be a way around the whole list.
	//
	// Calls that are newer than the list do not exist in here, whatever they are; the C library is used to that.
	const numberOffset, archOffset = 0, 4 // in struct seccomp_data
	return append([]bpf.Instruction{
		bpf.LoadAbsolute{Off: archOffset, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(native.ID), SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS},
		bpf.LoadAbsolute{Off: numberOffset, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpLessOrEqual, Val: newest(native), SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
	}, rest...), nil
}

func when(name string, argument uint32, operation seccomp.Operation, value uint64) seccomp.NameWithConditions {
	return seccomp.NameWithConditions{Name: name, Conditions: seccomp.ArgumentConditions{{Argument: argument, Operation: operation, Value: value}}}
}

// newest is the highest number of a system call that the list was made with knowledge of.
func newest(native *arch.Info) uint32 {
	highest := 0
	for number := range native.SyscallNumbers {
		highest = max(highest, number)
	}
	return uint32(highest)
}

// known leaves out the calls that the architecture never had: arm64 has no fork.
func known(native *arch.Info, names []string) []string {
	var there []string
	for _, name := range names {
		if _, ok := native.SyscallNames[name]; ok {
			there = append(there, name)
		}
	}
	return there
}
