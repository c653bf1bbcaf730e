package child

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// process is a started child: the leader of a session and process group of its own.
type process struct {
	pid    int
	stdin  *os.File // its control pipe
	output *os.File // what it prints
	notes  *os.File // its messages
	ended  chan struct{}
	// state and waitErr are set before ended is closed.
	state   *os.ProcessState
	waitErr error

	mu     sync.Mutex
	reaped bool // guarded by mu; once true, pid may belong to another process
}

// start starts exe with the environment env in the folder dir, and a goroutine that waits for its end.
func start(exe string, args, env []string, dir string, isolateNetwork bool) (*process, error) {
	var ours, theirs [3]*os.File
	closeAll := func(files [3]*os.File) {
		for _, f := range files {
			if f != nil {
				f.Close()
			}
		}
	}
	for i := range ours {
		r, w, err := os.Pipe()
		if err != nil {
			closeAll(ours)
			closeAll(theirs)
			return nil, fmt.Errorf("make a pipe: %w", err)
		}
		if i == 0 {
			ours[i], theirs[i] = w, r
		} else {
			ours[i], theirs[i] = r, w
		}
	}
	p := &process{stdin: ours[0], output: ours[1], notes: ours[2], ended: make(chan struct{})}
	command := func(isolated bool) *exec.Cmd {
		cmd := exec.Command(exe, args...)
		cmd.Env, cmd.Dir = env, dir
		cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs[0], theirs[1], theirs[1]
		cmd.ExtraFiles = []*os.File{messageDescriptor - 3: theirs[2]}
		cmd.SysProcAttr = attributes(isolated)
		return cmd
	}
	started := make(chan error)
	go func() {
		// The signal that PR_SET_PDEATHSIG asks for is sent when the thread ends that started the child, not the process:
		// this goroutine keeps its thread until the child has ended.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		cmd := command(isolateNetwork)
		err := cmd.Start()
		if isolateNetwork && refusesNamespace(err) {
			cmd = command(false)
			err = cmd.Start()
		}
		if err != nil {
			started <- err
			return
		}
		p.pid = cmd.Process.Pid
		started <- nil
		p.wait(cmd)
	}()
	err := <-started
	closeAll(theirs)
	if err != nil {
		closeAll(ours)
		return nil, fmt.Errorf("start %s: %w", exe, err)
	}
	return p, nil
}

// attributes puts the child into a session of its own, so that it has no terminal and its group can be signalled as a whole,
// and ties its life to the parent's.
func attributes(isolateNetwork bool) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if !isolateNetwork {
		return a
	}
	a.Cloneflags = syscall.CLONE_NEWNET
	if os.Geteuid() != 0 {
		// Who is not root may make a network namespace only within a user namespace. Mapping the user to itself keeps
		// ownership of files as it is.
		a.Cloneflags |= syscall.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}}
	}
	return a
}

// refusesNamespace reports whether a start failed because this machine grants no namespaces: containers and hardened kernels
// answer EPERM, EACCES or ENOSPC (the count of namespaces is limited to 0), kernels without them EINVAL.
func refusesNamespace(err error) bool {
	for _, errno := range []syscall.Errno{syscall.EPERM, syscall.EACCES, syscall.ENOSPC, syscall.EINVAL, syscall.ENOSYS, syscall.EUSERS} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// wait waits for the child's end, ends what is left of its group, and only then reaps it: until then no other process can have
// its id.
func (p *process) wait(cmd *exec.Cmd) {
	for {
		err := unix.Waitid(unix.P_PID, p.pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	p.mu.Lock()
	_ = unix.Kill(-p.pid, unix.SIGKILL) // ESRCH when nothing is left, which is as it should be
	err := cmd.Wait()
	p.reaped = true
	p.mu.Unlock()
	p.state = cmd.ProcessState
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.waitErr = err
	}
	close(p.ended)
}

// interrupt sends SIGINT to the child itself.
func (p *process) interrupt() { p.signal(p.pid, unix.SIGINT) }

// kill sends SIGKILL to the child's whole group.
func (p *process) kill() { p.signal(-p.pid, unix.SIGKILL) }

func (p *process) signal(target int, signal unix.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		// The only error is that the process has just ended, which its waiter learns by itself.
		_ = unix.Kill(target, signal)
	}
}

// askToEnd closes the control pipe after the line that asks for an end. A child that does not read cannot hold this up.
func (p *process) askToEnd() {
	_ = p.stdin.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	_, _ = io.WriteString(p.stdin, endLine+"\n")
	_ = p.stdin.Close()
}

// drainTime is how long after a child's end its pipes are still read: what it wrote is in them already, and only a process that
// escaped its group could hold them open longer.
const drainTime = time.Second

// limitReading lets reads from the child's pipes end even if something else holds their other ends.
func (p *process) limitReading() {
	deadline := time.Now().Add(drainTime)
	_ = p.output.SetReadDeadline(deadline)
	_ = p.notes.SetReadDeadline(deadline)
}

func (p *process) closePipes() {
	p.stdin.Close()
	p.output.Close()
	p.notes.Close()
}

// resident is the resident memory of a process in bytes; 0 when it has ended.
func resident(pid int) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(data), &size, &pages); err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
