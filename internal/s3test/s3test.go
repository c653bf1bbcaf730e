// Package s3test gives tests a real S3 server: versitygw over a temporary folder. One server runs for the test binary, and ends
// with it.
package s3test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/trivue/trivue/internal/testserver"
	"golang.org/x/sys/unix"
)

// Server says how to reach the server.
type Server struct {
	Endpoint  string // URL; buckets are in the path
	AccessKey string
	SecretKey string
	Folder    string // where the server keeps its buckets, as folders
}

var (
	server  = sync.OnceValues(start)
	buckets atomic.Int64
)

// Start gives the server of this test binary. The test is skipped where versitygw is not installed, or fails, see
// testserver.Missing.
func Start(t testing.TB) Server {
	t.Helper()
	if binary() == "" {
		testserver.Missing(t, "versitygw is not installed (scripts/setup.sh test builds it)")
	}
	s, err := server()
	if err != nil {
		t.Fatalf("start versitygw: %v", err)
	}
	return s
}

// Bucket gives a name that no other test of this binary uses.
func Bucket() string { return fmt.Sprintf("test-%d", buckets.Add(1)) }

// binary finds versitygw in PATH, or where scripts/setup.sh has put it.
func binary() string {
	if path, err := exec.LookPath("versitygw"); err == nil {
		return path
	}
	path := filepath.Join(repository(), ".cache", "bin", "versitygw")
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

func repository() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "..", "..")
}

// folder makes a temporary folder on a file system that has extended attributes. The server keeps an object's metadata there: in
// files beside it (its --sidecar) metadata and bytes do not change together, so that objects that are replaced would be read mixed.
func folder() (string, error) {
	for _, parent := range []string{os.TempDir(), filepath.Join(repository(), ".cache"), "/var/tmp"} {
		dir, err := os.MkdirTemp(parent, "s3test")
		if err != nil {
			continue
		}
		if unix.Setxattr(dir, "user.test", []byte("1"), 0) == nil {
			return dir, nil
		}
		os.RemoveAll(dir)
	}
	return "", errors.New("no temporary folder has extended attributes: set TMPDIR to one that has")
}

func start() (Server, error) {
	var s Server
	var err error
	// Between finding a free port and the server's taking it, somebody else may: such a server ends at once.
	for range 3 {
		var dir string
		if dir, err = folder(); err != nil {
			return s, err
		}
		if s, err = startIn(dir); err == nil {
			return s, nil
		}
		os.RemoveAll(dir)
	}
	return s, err
}

func startIn(dir string) (Server, error) {
	s := Server{AccessKey: "test-access", SecretKey: "test-secret", Folder: filepath.Join(dir, "buckets")}
	if err := os.Mkdir(s.Folder, 0o700); err != nil {
		return s, err
	}
	address, err := freePort()
	if err != nil {
		return s, err
	}
	s.Endpoint = "http://" + address
	process, err := testserver.Start(dir, "TERM", nil, binary(), "--quiet", "--keep-alive", "--port", address,
		"--access", s.AccessKey, "--secret", s.SecretKey, "posix", s.Folder)
	if err != nil {
		return s, err
	}
	err = process.Ready(func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err != nil {
		process.Stop()
	}
	return s, err
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
