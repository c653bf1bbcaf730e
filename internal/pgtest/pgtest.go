// Package pgtest gives tests databases on a real PostgreSQL server. The server is made for the test binary in a temporary
// folder, listens on a Unix socket only, and ends with the binary.
package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/trivue/trivue/internal/testserver"
)

const owner = "trivue"

var (
	cluster = sync.OnceValues(start)
	count   atomic.Int64
)

// DSN makes an empty database for a test and gives its address. The test is skipped where PostgreSQL is not installed, or
// fails, see testserver.Missing.
func DSN(t testing.TB) string {
	t.Helper()
	if binaries() == "" {
		testserver.Missing(t, "PostgreSQL is not installed (Debian package postgresql)")
	}
	socket, err := cluster()
	if err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	name := fmt.Sprintf("test_%d", count.Add(1))
	execute(t, socket, "CREATE DATABASE "+name)
	t.Cleanup(func() { execute(t, socket, "DROP DATABASE "+name+" WITH (FORCE)") })
	return address(socket, name)
}

func address(socket, database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {socket}, "user": {owner}}.Encode()
}

func execute(t testing.TB, socket, statement string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, address(socket, "postgres"))
	if err == nil {
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, statement)
	}
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// binaries gives the folder of the newest installed server, which Debian keeps out of PATH.
func binaries() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) > 0 {
		version := func(path string) int {
			n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
			return n
		}
		return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }))
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(path)
	}
	return ""
}

// start makes and runs a server, and gives the folder of its socket.
func start() (string, error) {
	attr, err := unprivileged()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return "", err
	}
	if attr.Credential != nil {
		if err := os.Chown(dir, int(attr.Credential.Uid), int(attr.Credential.Gid)); err != nil {
			return "", err
		}
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(binaries(), "initdb"), "-D", data, "-U", owner, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = dir, &syscall.SysProcAttr{Credential: attr.Credential}
	if said, err := initdb.CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return "", fmt.Errorf("initdb: %w\n%s", err, said)
	}
	server, err := testserver.Start(dir, "QUIT", attr, filepath.Join(binaries(), "postgres"), "-D", data, "-k", dir,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
		"-c", "shared_buffers=32MB", "-c", "autovacuum=off")
	if err != nil {
		os.RemoveAll(dir)
		return "", err
	}
	err = server.Ready(func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, address(dir, "postgres"))
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
	if err != nil {
		server.Stop()
	}
	return dir, err
}

// unprivileged names the user to run the server as: PostgreSQL refuses to run as root.
func unprivileged() (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return &syscall.SysProcAttr{}, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres or nobody: %w", err)
		}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}
