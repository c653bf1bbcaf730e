// Package spawn starts a program as a child that can be ended for certain: in a session and process group of its own, in a network
// namespace where the kernel grants one, with pipes for what it is told and what it says, and dying with its parent.
package spawn

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

// MessageDescriptor is the child's descriptor for its messages. Standard output is not used for them: C libraries print to it.
const MessageDescriptor = 3

// Process is a started child: the leader of a session and process group of its own.
type Process struct {
	PID    int
	Stdin  *os.File // its control pipe
	Output *os.File // what it prints
	Notes  *os.File // its messages
	Ended  chan struct{}
	// State and WaitErr are set before Ended is closed.
	State   *os.ProcessState
	WaitErr error

	mu     sync.Mutex
	reaped bool // guarded by mu; once true, PID may belong to another process
}

// Start starts exe with the environment env in the folder dir, and a goroutine that waits for its end.
func Start(exe string, args, env []string, dir string, isolateNetwork bool) (*Process, error) {
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
	p := &Process{Stdin: ours[0], Output: ours[1], Notes: ours[2], Ended: make(chan struct{})}
	command := func(isolated bool) *exec.Cmd {
		cmd := exec.Command(exe, args...)
		cmd.Env, cmd.Dir = env, dir
		cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs[0], theirs[1], theirs[1]
		cmd.ExtraFiles = []*os.File{MessageDescriptor - 3: theirs[2]}
		cmd.SysProcAttr = Attributes(isolated)
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
		p.PID = cmd.Process.Pid
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

// Attributes puts the child into a session of its own, so that it has no terminal and its group can be signalled as a whole,
// and ties its life to the parent's.
func Attributes(isolateNetwork bool) *syscall.SysProcAttr {
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
func (p *Process) wait(cmd *exec.Cmd) {
	for {
		err := unix.Waitid(unix.P_PID, p.PID, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	p.mu.Lock()
	_ = unix.Kill(-p.PID, unix.SIGKILL) // ESRCH when nothing is left, which is as it should be
	err := cmd.Wait()
	p.reaped = true
	p.mu.Unlock()
	p.State = cmd.ProcessState
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.WaitErr = err
	}
	close(p.Ended)
}

// Interrupt sends SIGINT to the child itself.
func (p *Process) Interrupt() { p.signal(p.PID, unix.SIGINT) }

// Kill sends SIGKILL to the child's whole group.
func (p *Process) Kill() { p.signal(-p.PID, unix.SIGKILL) }

func (p *Process) signal(target int, signal unix.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		// The only error is that the process has just ended, which its waiter learns by itself.
		_ = unix.Kill(target, signal)
	}
}

// AskToEnd closes the control pipe after a line that asks for an end. A child that does not read cannot hold this up.
func (p *Process) AskToEnd(line string) {
	_ = p.Stdin.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	_, _ = io.WriteString(p.Stdin, line+"\n")
	_ = p.Stdin.Close()
}

// drainTime is how long after a child's end its pipes are still read: what it wrote is in them already, and only a process that
// escaped its group could hold them open longer.
const drainTime = time.Second

// LimitReading lets reads from the child's pipes end even if something else holds their other ends.
func (p *Process) LimitReading() {
	deadline := time.Now().Add(drainTime)
	_ = p.Output.SetReadDeadline(deadline)
	_ = p.Notes.SetReadDeadline(deadline)
}

// ClosePipes closes the parent's ends of all pipes.
func (p *Process) ClosePipes() {
	p.Stdin.Close()
	p.Output.Close()
	p.Notes.Close()
}

// Resident is the resident memory of a process in bytes; 0 when it has ended.
func Resident(pid int) int64 {
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
