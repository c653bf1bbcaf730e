package child

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/child/spawn"
	"github.com/trivue/trivue/pipeline/stage"
)

// The test binary is its own child: started with "stage" it is what `trivue stage` is, with stages that misbehave; started with
// "parent" it is a server that can be killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "stage":
			os.Exit(Main(context.Background(), misbehaviours, preloadForTest))
		case "parent":
			os.Exit(parentMain(os.Args[2]))
		case "sleeper":
			select {}
		}
	}
	goleak.VerifyTestMain(m)
}

// preloadForTest starts a grandchild before the sandbox closes, where a stage is to leave one behind.
func preloadForTest(job stage.Job) error {
	switch job.Stage {
	case "grandchild", "orphan":
		cmd := exec.Command("/proc/self/exe", "sleeper")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Start(); err != nil {
			return err
		}
		grandchild = cmd.Process.Pid
	case "no-preload":
		return errors.New("the plugin is missing")
	}
	return nil
}

var grandchild int

// misbehaviours are the stages of the tests.
var misbehaviours = map[exam.StageName]stage.Func{
	"echo": func(_ context.Context, job stage.Job, progress func(float64)) (any, error) {
		data, err := os.ReadFile(job.Inputs[0])
		if err != nil {
			return nil, err
		}
		progress(0.5)
		if err := os.WriteFile(filepath.Join(job.Output, "copy"), data, 0o600); err != nil {
			return nil, err
		}
		temporary, err := os.CreateTemp("", "left-*")
		if err != nil {
			return nil, err
		}
		return map[string]any{"text": string(data), "params": job.Params}, temporary.Close()
	},
	"nothing": func(context.Context, stage.Job, func(float64)) (any, error) { return nil, nil },
	"fail": func(_ context.Context, job stage.Job, _ func(float64)) (any, error) {
		leaveSomething(job)
		fmt.Fprintln(os.Stderr, "last words")
		return nil, &stage.Failure{Problem: exam.Problem{Code: "no-index", Detail: "its moov is missing", Again: true}}
	},
	"error": func(context.Context, stage.Job, func(float64)) (any, error) { return nil, errors.New("some error") },
	"panic": func(_ context.Context, job stage.Job, _ func(float64)) (any, error) {
		leaveSomething(job)
		panic("out of cheese")
	},
	"panic-elsewhere": func(context.Context, stage.Job, func(float64)) (any, error) {
		go panic("in a goroutine")
		select {}
	},
	"segv": func(_ context.Context, job stage.Job, _ func(float64)) (any, error) {
		leaveSomething(job)
		// As it comes out of C code: the Go runtime's handler has no say.
		var byDefault [4]uint64 // struct kernel_sigaction: SIG_DFL, no flags, no mask
		unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(unix.SIGSEGV), uintptr(unsafe.Pointer(&byDefault)), 0, 8, 0, 0)
		_ = unix.Kill(os.Getpid(), unix.SIGSEGV)
		select {}
	},
	"exit": func(context.Context, stage.Job, func(float64)) (any, error) {
		os.Exit(0)
		return nil, nil
	},
	"obedient": func(ctx context.Context, job stage.Job, progress func(float64)) (any, error) {
		leaveSomething(job)
		progress(0.1)
		<-ctx.Done()
		return nil, ctx.Err()
	},
	"stubborn": func(_ context.Context, job stage.Job, progress func(float64)) (any, error) {
		leaveSomething(job)
		signal.Ignore(syscall.SIGINT)
		progress(0.1)
		select {}
	},
	"grandchild": func(_ context.Context, _ stage.Job, progress func(float64)) (any, error) {
		// A grandchild's id is told as progress: the test has to find it while it lives.
		progress(float64(grandchild) / 1e8)
		signal.Ignore(syscall.SIGINT)
		select {}
	},
	"orphan": func(context.Context, stage.Job, func(float64)) (any, error) {
		return nil, fmt.Errorf("left %d behind", grandchild)
	},
	"memory": func(_ context.Context, _ stage.Job, _ func(float64)) (any, error) {
		var kept [][]byte
		for {
			block := make([]byte, 8<<20)
			for i := 0; i < len(block); i += 4096 {
				block[i] = 1
			}
			kept = append(kept, block)
			_ = kept
		}
	},
	"spin": func(_ context.Context, _ stage.Job, progress func(float64)) (any, error) {
		for i := 0.0; ; i++ {
			progress(i / 1e15)
		}
	},
	"fill": func(_ context.Context, job stage.Job, _ func(float64)) (any, error) {
		f, err := os.Create(filepath.Join(job.Output, "big"))
		if err != nil {
			return nil, err
		}
		block := make([]byte, 1<<20)
		for {
			if _, err := f.Write(block); err != nil {
				return nil, fmt.Errorf("write: %w", err)
			}
		}
	},
	"link": func(_ context.Context, job stage.Job, _ func(float64)) (any, error) {
		return nil, os.Symlink("/etc/passwd", filepath.Join(job.Output, "camera-0.webm"))
	},
	"garbage": func(_ context.Context, job stage.Job, _ func(float64)) (any, error) {
		leaveSomething(job)
		_, _ = io.WriteString(os.NewFile(spawn.MessageDescriptor, ""), strings.Trim(string(job.Params), `"`)+"\n")
		select {}
	},
	"flood": func(context.Context, stage.Job, func(float64)) (any, error) {
		f := os.NewFile(spawn.MessageDescriptor, "")
		block := []byte(strings.Repeat("x", 1<<20))
		for {
			if _, err := f.Write(block); err != nil {
				select {}
			}
		}
	},
	"chatty": func(context.Context, stage.Job, func(float64)) (any, error) {
		for i := range 100_000 {
			fmt.Println("printed by a C library", i)
		}
		return nil, errors.New("in the end")
	},
	"backwards": func(_ context.Context, _ stage.Job, _ func(float64)) (any, error) {
		f := os.NewFile(spawn.MessageDescriptor, "")
		_, err := io.WriteString(f, `{"progress":0.5}`+"\n"+`{"progress":0.2}`+"\n"+`{"progress":-1}`+"\n"+`{"progress":7}`+"\n")
		return nil, err
	},
	"no-preload":  doNothing,
	"environment": func(context.Context, stage.Job, func(float64)) (any, error) { return os.Environ(), nil },
	"attack":      attack,
}

func leaveSomething(job stage.Job) {
	_ = os.MkdirAll(filepath.Join(job.Output, "sub"), 0o700)
	_ = os.WriteFile(filepath.Join(job.Output, "sub", "half"), []byte("half a file"), 0o600)
}

// attack tries what a decoder that was taken over would try, and gives what came of it by name: "" is success.
func attack(_ context.Context, job stage.Job, _ func(float64)) (any, error) {
	var outside string
	if err := json.Unmarshal(job.Params, &outside); err != nil {
		return nil, err
	}
	result := map[string]string{}
	try := func(name string, err error) {
		result[name] = ""
		if err != nil {
			result[name] = err.Error()
		}
	}
	open := func(path string, flags int) error {
		f, err := os.OpenFile(path, flags, 0o600)
		if err == nil {
			f.Close()
		}
		return err
	}
	socket := func(family, kind int) error {
		fd, err := unix.Socket(family, kind, 0)
		if err == nil {
			unix.Close(fd)
		}
		return err
	}
	try("read an input", open(job.Inputs[0], os.O_RDONLY))
	try("write into output", os.WriteFile(filepath.Join(job.Output, "file"), []byte("x"), 0o600))
	try("make a folder in output", os.Mkdir(filepath.Join(job.Output, "folder"), 0o700))
	try("rename in output", os.Rename(filepath.Join(job.Output, "file"), filepath.Join(job.Output, "renamed")))
	try("remove in output", os.Remove(filepath.Join(job.Output, "renamed")))
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	try("make a wake-up pair", err)
	if err == nil {
		unix.Close(pair[0])
		unix.Close(pair[1])
	}
	try("signal itself", unix.Tgkill(os.Getpid(), unix.Gettid(), unix.SIGURG))

	try("read /etc/passwd", open("/etc/passwd", os.O_RDONLY))
	try("read /proc", open("/proc/self/environ", os.O_RDONLY))
	try("read beside an input", open(outside, os.O_RDONLY))
	try("write an input", open(job.Inputs[0], os.O_WRONLY))
	try("write outside", open(filepath.Join(filepath.Dir(outside), "new"), os.O_CREATE|os.O_WRONLY))
	try("list the root", func() error { _, err := os.ReadDir("/"); return err }())
	_, err = net.Dial("tcp", "127.0.0.1:1")
	try("connect to loopback", err)
	try("make a TCP socket", socket(unix.AF_INET, unix.SOCK_STREAM))
	try("make a UDP socket", socket(unix.AF_INET6, unix.SOCK_DGRAM))
	try("make a local socket", socket(unix.AF_UNIX, unix.SOCK_STREAM))
	try("make a netlink socket", socket(unix.AF_NETLINK, unix.SOCK_RAW))
	try("run a program", unix.Exec("/bin/true", []string{"true"}, nil))
	_, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	try("clone a process", errnoError(errno))
	try("signal its parent", unix.Kill(os.Getppid(), 0))
	try("signal everybody", unix.Kill(-1, 0))
	try("trace its parent", unix.PtraceAttach(os.Getppid()))
	try("mount", unix.Mount("none", job.Output, "tmpfs", 0, ""))
	try("make a namespace", unix.Unshare(unix.CLONE_NEWUSER))
	try("make a link", os.Symlink("/etc/passwd", filepath.Join(job.Output, "link")))
	try("make a device", unix.Mknod(filepath.Join(job.Output, "device"), unix.S_IFCHR|0o600, 0x103))
	try("change a mode", os.Chmod(outside, 0o777))
	try("change an owner", os.Chown(outside, 1, 1))
	try("become another user", unix.Setuid(1))
	try("use a keyring", func() error { _, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_USER_KEYRING, true); return err }())
	_, _, errno = unix.RawSyscall(unix.SYS_BPF, 0, 0, 0)
	try("use bpf", errnoError(errno))
	_, _, errno = unix.RawSyscall(unix.SYS_IO_URING_SETUP, 1, 0, 0)
	try("use io_uring", errnoError(errno))
	try("keep a capability", func() error {
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var data [2]unix.CapUserData
		if err := unix.Capget(&header, &data[0]); err != nil {
			return err
		}
		if data[0].Permitted&^(1<<unix.CAP_DAC_OVERRIDE|1<<unix.CAP_DAC_READ_SEARCH) == 0 {
			return unix.EPERM
		}
		return nil
	}())
	try("raise a limit", unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 1, Max: 1}))
	return result, nil
}

func errnoError(errno syscall.Errno) error {
	if errno != 0 {
		return errno
	}
	return nil
}

// parentMain runs one job and says the child's process id as soon as it makes progress.
func parentMain(output string) int {
	_, err := New(Options{}).Run(context.Background(), stage.Job{Stage: "grandchild", Output: output}, func(p float64) {
		fmt.Println("progress", strconv.FormatFloat(p*1e8, 'f', 0, 64))
	})
	fmt.Println(err)
	return 1
}
