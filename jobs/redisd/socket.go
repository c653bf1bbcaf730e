package redisd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// maxSocketPath is the longest path that fits into sockaddr_un.sun_path of Linux, which is 108 bytes with the final zero
// (unix(7)). Redis cuts a longer one off without a word.
const maxSocketPath = 107

// lockFolder takes the lock that keeps two processes from running a redis-server over the same append-only file. The kernel
// gives it back when its holder ends, however that happens.
func lockFolder(dir string) (*os.File, error) {
	path := filepath.Join(dir, "redis.lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("redis folder's lock: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = fmt.Errorf("%w: another process runs a redis-server in %s; end it, or choose another data folder", ErrInUse, dir)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// socketPath is where the socket goes: in dir, or where the path would be too long for the kernel, in a folder of our own below
// a shorter one, whose name follows from dir so that a successor finds what its predecessor left.
func socketPath(dir, short string) (string, error) {
	path := filepath.Join(dir, "redis.sock")
	if len(path) <= maxSocketPath {
		return path, nil
	}
	if short == "" {
		short = os.Getenv("XDG_RUNTIME_DIR")
	}
	if short == "" {
		short = os.TempDir()
	}
	sum := sha256.Sum256([]byte(dir))
	own := filepath.Join(short, fmt.Sprintf("trivue-%d-%s", os.Getuid(), hex.EncodeToString(sum[:6])))
	path = filepath.Join(own, "redis.sock")
	if len(path) > maxSocketPath {
		return "", fmt.Errorf("the socket's path %s is longer than the %d bytes that the kernel allows, and so is %s: choose a data folder "+
			"with a shorter path, or set XDG_RUNTIME_DIR to one", filepath.Join(dir, "redis.sock"), maxSocketPath, path)
	}
	if err := os.Mkdir(own, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("folder for the redis socket: %w", err)
	}
	// In a folder that all may write to, somebody else may have been here first.
	info, err := os.Lstat(own)
	if err != nil {
		return "", fmt.Errorf("folder for the redis socket: %w", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || int(owner.Uid) != os.Getuid() || info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%s is not a folder of this user's alone: remove it", own)
	}
	return path, nil
}

// endOrphan ends a process that still listens at the socket, in order and within the time given or by force. The folder's
// lock is ours, so that its parent is dead.
func endOrphan(ctx context.Context, socket string, patience time.Duration, log *slog.Logger) error {
	pid, err := listener(ctx, socket)
	if err != nil || pid == 0 {
		return err
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil // it has just ended
	}
	if err != nil {
		return fmt.Errorf("watch the redis-server (process %d) that an earlier run left behind: %w", pid, err)
	}
	defer unix.Close(fd)
	log.Warn("an earlier run left its redis-server behind; it is ended", "pid", pid, "socket", socket)
	for _, step := range []struct {
		signal unix.Signal
		wait   time.Duration
	}{{unix.SIGTERM, patience}, {unix.SIGKILL, 5 * time.Second}} {
		if err := unix.PidfdSendSignal(fd, step.signal, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("end the redis-server (process %d) that an earlier run left behind: %w", pid, err)
		}
		ended, err := awaitExit(ctx, fd, step.wait)
		if err != nil || ended {
			return err
		}
	}
	return fmt.Errorf("the redis-server (process %d) that an earlier run left behind does not end, not even by SIGKILL", pid)
}

// listener is the id of the process that listens at the socket, 0 if there is none.
func listener(ctx context.Context, socket string) (int, error) {
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "unix", socket)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ECONNREFUSED):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("look for an earlier redis-server: %w", err)
	}
	defer conn.Close()
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("look for an earlier redis-server: %w", err)
	}
	var cred *unix.Ucred
	var optErr error
	err = raw.Control(func(fd uintptr) { cred, optErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err = errors.Join(err, optErr); err != nil {
		return 0, fmt.Errorf("look for an earlier redis-server: %w", err)
	}
	return int(cred.Pid), nil
}

// awaitExit reports whether the process behind a pidfd has ended within the time given.
func awaitExit(ctx context.Context, pidfd int, wait time.Duration) (bool, error) {
	const slice = 50 * time.Millisecond // how late the end of ctx may be noticed
	for until := time.Now().Add(wait); ; {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, int(slice.Milliseconds()))
		switch {
		case err != nil && !errors.Is(err, unix.EINTR):
			return false, fmt.Errorf("wait for the end of a process: %w", err)
		case n > 0:
			return true, nil
		case ctx.Err() != nil:
			return false, ctx.Err()
		case time.Now().After(until):
			return false, nil
		}
	}
}
