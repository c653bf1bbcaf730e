package sandbox

import (
	"encoding/binary"
	"testing"

	"github.com/elastic/go-seccomp-bpf/arch"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

const pid = 4711

// judge runs the filter over a system call in a simulated machine. What the kernel does with it is tested in package child.
func judge(t *testing.T, architecture uint32, number int, arguments ...uint64) uint32 {
	t.Helper()
	program, err := instructions(pid)
	require.NoError(t, err)
	vm, err := bpf.NewVM(program)
	require.NoError(t, err)
	// struct seccomp_data: nr, arch, instruction_pointer, args[6]. The machine loads big-endian words, while the filter takes
	// the halves of an argument in the order of this processor.
	data := make([]byte, 64)
	binary.BigEndian.PutUint32(data[0:], uint32(number))
	binary.BigEndian.PutUint32(data[4:], architecture)
	for i, a := range arguments {
		low, high := 16+8*i, 16+8*i+4
		if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
			low, high = high, low
		}
		binary.BigEndian.PutUint32(data[low:], uint32(a))
		binary.BigEndian.PutUint32(data[high:], uint32(a>>32))
	}
	verdict, err := vm.Run(data)
	require.NoError(t, err)
	return uint32(verdict)
}

const (
	allow  = unix.SECCOMP_RET_ALLOW
	eperm  = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	enosys = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
)

func TestFilter(t *testing.T) {
	native, err := arch.GetInfo("")
	require.NoError(t, err)
	id := uint32(native.ID)
	const threadFlags = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_THREAD | unix.CLONE_SYSVSEM
	for _, test := range []struct {
		name string
		want uint32
		got  uint32
	}{
		{"read", allow, judge(t, id, unix.SYS_READ)},
		{"mmap", allow, judge(t, id, unix.SYS_MMAP)},
		{"openat", allow, judge(t, id, unix.SYS_OPENAT)},
		{"futex", allow, judge(t, id, unix.SYS_FUTEX)},
		{"execve", eperm, judge(t, id, unix.SYS_EXECVE)},
		{"socket", eperm, judge(t, id, unix.SYS_SOCKET, unix.AF_UNIX)},
		{"clone of a thread", allow, judge(t, id, unix.SYS_CLONE, threadFlags)},
		{"clone of a process", eperm, judge(t, id, unix.SYS_CLONE, uint64(unix.SIGCHLD))},
		{"clone into a namespace", eperm, judge(t, id, unix.SYS_CLONE, unix.CLONE_NEWUSER)},
		{"clone3", enosys, judge(t, id, unix.SYS_CLONE3)},
		{"signal to itself", allow, judge(t, id, unix.SYS_TGKILL, pid, 1)},
		{"signal to another", eperm, judge(t, id, unix.SYS_TGKILL, pid+1, 1)},
		{"kill everybody", eperm, judge(t, id, unix.SYS_KILL, 1<<64-1)},
		{"kill with its own id in the lower half only", eperm, judge(t, id, unix.SYS_KILL, 1<<32|pid)},
		{"wake-up pair", allow, judge(t, id, unix.SYS_SOCKETPAIR, unix.AF_UNIX)},
		{"socket pair of another family", eperm, judge(t, id, unix.SYS_SOCKETPAIR, unix.AF_TIPC)},
		{"ioctl", allow, judge(t, id, unix.SYS_IOCTL, 0, unix.TCGETS)},
		{"typing into a terminal", eperm, judge(t, id, unix.SYS_IOCTL, 0, unix.TIOCSTI)},
		{"limits of itself", allow, judge(t, id, unix.SYS_PRLIMIT64, 0)},
		{"limits of another", eperm, judge(t, id, unix.SYS_PRLIMIT64, pid+1)},
		{"a call that is newer than the list", enosys, judge(t, id, 9999)},
		{"another architecture", unix.SECCOMP_RET_KILL_PROCESS, judge(t, unix.AUDIT_ARCH_S390X, unix.SYS_READ)},
	} {
		require.Equal(t, test.want, test.got, test.name)
	}
	if id == unix.AUDIT_ARCH_X86_64 {
		require.Equal(t, uint32(unix.SECCOMP_RET_KILL_PROCESS), judge(t, unix.AUDIT_ARCH_I386, 11), "execve by int 0x80")
		require.Equal(t, enosys, judge(t, id, 0x40000000|unix.SYS_EXECVE), "execve by the x32 ABI")
	}
}

func TestEveryRefusedCallIsKnownSomewhere(t *testing.T) {
	for _, name := range refused {
		_, onAMD64 := arch.X86_64.SyscallNames[name]
		_, onI386 := arch.I386.SyscallNames[name]
		require.True(t, onAMD64 || onI386, "%s: misspelt?", name)
	}
}
