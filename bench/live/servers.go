package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
	"github.com/tus/tusd/v2/pkg/filestore"
	"github.com/tus/tusd/v2/pkg/handler"
	"github.com/tus/tusd/v2/pkg/memorylocker"
	"golang.org/x/exp/slog"
)

// serveBare is tusd as its documentation sets it up, with files and locks in memory: what any server by tus costs.
func serveBare(ctx context.Context, dir string) error {
	composer := handler.NewStoreComposer()
	filestore.New(dir).UseIn(composer)
	memorylocker.New().UseIn(composer)
	tusd, err := handler.NewHandler(handler.Config{BasePath: "/files/", StoreComposer: composer, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("Open http://%s\n", listener.Addr())
	server := &http.Server{Handler: http.StripPrefix("/files/", tusd)}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// server is a process that takes uploads.
type server struct {
	cmd     *exec.Cmd
	address string
}

var opens = regexp.MustCompile(`Open\s+(http\S+)`)

// startServer runs a server in a folder of its own.
func startServer(ctx context.Context, kind, dir string) (*server, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	var cmd *exec.Cmd
	if kind == "tusd" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		cmd = exec.CommandContext(ctx, self, "-serve-bare-tusd", dir)
	} else {
		program := os.Getenv("TRIVUE_BINARY")
		if program == "" {
			program = filepath.Join("bin", "trivue")
		}
		// An address in TRIVUE_LIVE_OPS gives profiles while the load lasts.
		cmd = exec.CommandContext(ctx, program, "serve", "--data", dir, "--listen", "127.0.0.1:0", "--ops-listen", os.Getenv("TRIVUE_LIVE_OPS"), "--admin-password", "measured by bench", "--log-level", "error")
	}
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{cmd: cmd}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := opens.FindStringSubmatch(lines.Text()); m != nil {
			s.address = m[1]
			go func() {
				for lines.Scan() {
				}
			}()
			return s, nil
		}
	}
	return nil, errors.Join(errors.New("it ended before it said where it is"), cmd.Wait())
}

// cpu is the processor time that the server's own process has taken.
func (s *server) cpu() (time.Duration, error) {
	p, err := procfs.NewProc(s.cmd.Process.Pid)
	if err != nil {
		return 0, err
	}
	stat, err := p.Stat()
	return time.Duration(stat.CPUTime() * float64(time.Second)), err
}

func (s *server) stop() error {
	err := s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait() // how it ends is not what is measured
	return err
}
