package redisd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// run starts one redis-server and returns when it has ended, always with the reason. It calls ready at most once, from the
// same goroutine, when the server answers. When ctx ends, the server is told to end.
func (s *Server) run(ctx context.Context, ready func()) error {
	cmd := exec.CommandContext(ctx, s.opts.Binary, "-")
	cmd.Dir = s.opts.Dir
	// Nothing in the parent's environment is redis-server's business, secrets least of all.
	cmd.Env = []string{"LC_ALL=C"}
	cmd.Stdin = strings.NewReader(s.config())
	logs := &logWriter{log: s.log}
	cmd.Stdout, cmd.Stderr = logs, logs
	cmd.SysProcAttr = &syscall.SysProcAttr{
		// A parent that is killed cannot end its child; the kernel does. SIGTERM, so that the append-only file is closed well.
		Pdeathsig: syscall.SIGTERM,
		// Ctrl-C in a terminal goes to the whole process group: the queue must not end before those who use it.
		Setpgid: true,
	}
	cmd.Cancel = func() error {
		logs.quiet()
		return cmd.Process.Signal(syscall.SIGTERM)
	}
	cmd.WaitDelay = s.opts.Stop
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", s.opts.Binary, err)
	}
	s.setProcess(cmd.Process)
	defer s.setProcess(nil)

	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	answers := make(chan struct{})
	asking, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		if awaitAnswer(asking, s.socket) == nil {
			close(answers)
		}
	}()
	for {
		select {
		case <-answers:
			answers = nil
			logs.loud()
			ready()
		case err := <-ended:
			if err == nil {
				err = errors.New("exit status 0")
			}
			return fmt.Errorf("redis-server ended: %w%s", err, logs.tail())
		}
	}
}

// config is what redis-server reads from its standard input. The directives are explained in the redis.conf that comes with
// Redis 7.0.
func (s *Server) config() string {
	var b strings.Builder
	for _, d := range [][2]string{
		{"port", "0"}, // no TCP at all
		{"unixsocket", s.socket},
		{"unixsocketperm", "700"},
		{"dir", s.opts.Dir},
		{"daemonize", "no"},
		{"appendonly", "yes"},
		{"appendfsync", "everysec"},
		// A loss of power leaves half a command at the end of the file; without this, Redis would refuse to start.
		{"aof-load-truncated", "yes"},
		{"save", ""}, // no snapshots beside the append-only file
		// Tasks must never be evicted to make room (asynq#1144).
		{"maxmemory-policy", "noeviction"},
		{"loglevel", "notice"},
		{"logfile", ""}, // standard output
		{"always-show-logo", "no"},
	} {
		fmt.Fprintf(&b, "%s %s\n", d[0], quote(d[1]))
	}
	return b.String()
}

// quote writes an argument as sdssplitargs of Redis reads it: in double quotes, other bytes than plain ASCII as \xHH.
func quote(arg string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(arg) {
		switch c := arg[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			b.WriteString(`\x` + strconv.FormatUint(uint64(c)|0x100, 16)[1:])
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// awaitAnswer returns nil as soon as a Redis at the socket answers PING. One that still loads its file says so instead.
func awaitAnswer(ctx context.Context, socket string) error {
	pause := time.NewTicker(5 * time.Millisecond)
	defer pause.Stop()
	for {
		if ping(ctx, socket) == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pause.C:
		}
	}
}

// ping asks once, in the inline form of the Redis protocol (RESP).
func ping(ctx context.Context, socket string) error {
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	if line != "+PONG\r\n" {
		return fmt.Errorf("redis says %q", line)
	}
	return nil
}
