package redisd

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// parentEnv makes the test binary a parent that can be killed: it runs a Server in the folder named and says so.
const parentEnv = "TRIVUE_TEST_REDISD_PARENT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentEnv); dir != "" {
		s, err := Start(context.Background(), Options{Dir: dir})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(s.pid())
		select {}
	}
	goleak.VerifyTestMain(m)
}

func start(t *testing.T, opts Options) *Server {
	t.Helper()
	requireRedis(t)
	s, err := Start(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func requireRedis(t *testing.T) {
	t.Helper()
	if _, err := Find(""); err != nil {
		t.Skip(err)
	}
}

// command sends one inline command and returns the first line of the answer.
func command(socket, text string) (string, error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "%s\r\n", text); err != nil {
		return "", err
	}
	r := bufio.NewReader(conn)
	line, err := r.ReadString('\n')
	if err == nil && strings.HasPrefix(line, "$") && line != "$-1\r\n" {
		line, err = r.ReadString('\n')
	}
	return strings.TrimSpace(line), err
}

func TestKeepsDataOverRestarts(t *testing.T) {
	dir := t.TempDir()
	s := start(t, Options{Dir: dir})
	require.Equal(t, filepath.Join(dir, "redis.sock"), s.Socket())
	answer, err := command(s.Socket(), "SET k v")
	require.NoError(t, err)
	require.Equal(t, "+OK", answer)
	pid := s.pid()
	require.NoError(t, s.Close())
	require.NoError(t, s.Close(), "twice does no harm")
	requireGone(t, pid)

	s = start(t, Options{Dir: dir})
	answer, err = command(s.Socket(), "GET k")
	require.NoError(t, err)
	require.Equal(t, "v", answer)
	for name, want := range map[string]string{"port": "0", "maxmemory-policy": "noeviction", "appendfsync": "everysec", "aof-load-truncated": "yes", "dir": dir} {
		require.Equal(t, want, configValue(t, s.Socket(), name), name)
	}
}

// configValue reads one setting of a running Redis: the second of the two strings that CONFIG GET answers.
func configValue(t *testing.T, socket, name string) string {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "CONFIG GET %s\r\n", name)
	require.NoError(t, err)
	r := bufio.NewReader(conn)
	var line string
	for range 5 {
		line, err = r.ReadString('\n')
		require.NoError(t, err)
	}
	return strings.TrimSpace(line)
}

func TestStartsAgainWhenKilled(t *testing.T) {
	s := start(t, Options{Dir: t.TempDir(), Backoff: time.Millisecond})
	for i := range 3 {
		_, err := command(s.Socket(), fmt.Sprintf("SET k%d v", i))
		require.NoError(t, err)
		pid := s.pid()
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		require.Eventually(t, func() bool {
			answer, err := command(s.Socket(), fmt.Sprintf("GET k%d", i))
			return err == nil && answer == "v" && s.pid() != pid
		}, 10*time.Second, 5*time.Millisecond, "what was acknowledged is there after kill -9")
	}
}

func TestLoadsTruncatedFile(t *testing.T) {
	dir := t.TempDir()
	s := start(t, Options{Dir: dir})
	for i := range 10 {
		_, err := command(s.Socket(), fmt.Sprintf("SET k%d v", i))
		require.NoError(t, err)
	}
	require.NoError(t, s.Close())
	files, err := filepath.Glob(filepath.Join(dir, "appendonlydir", "*.incr.aof"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	info, err := os.Stat(files[0])
	require.NoError(t, err)
	require.NoError(t, os.Truncate(files[0], info.Size()-3))

	s = start(t, Options{Dir: dir})
	answer, err := command(s.Socket(), "GET k8")
	require.NoError(t, err)
	require.Equal(t, "v", answer)
}

func TestLongPathGetsShortSocket(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long-", 30), "with \"quotes\" \\ and 三视")
	short := shortDir(t)
	s := start(t, Options{Dir: dir, Runtime: short})
	require.True(t, strings.HasPrefix(s.Socket(), short), s.Socket())
	require.LessOrEqual(t, len(s.Socket()), maxSocketPath)
	_, err := command(s.Socket(), "SET k v")
	require.NoError(t, err)
	require.DirExists(t, filepath.Join(dir, "appendonlydir"), "the data stays in the data folder")

	_, err = Start(t.Context(), Options{Dir: dir + "2", Runtime: dir})
	require.ErrorContains(t, err, "shorter path")
}

func TestShortSocketRefusesForeignFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long-", 30))
	short := shortDir(t)
	path, err := socketPath(dir, short)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(filepath.Dir(path), 0o777))
	_, err = socketPath(dir, short)
	require.ErrorContains(t, err, "remove it")
}

// shortDir is a temporary folder whose path does not grow with the test's name.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "rd")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func TestSecondOneInSameFolderIsRefused(t *testing.T) {
	s := start(t, Options{Dir: t.TempDir()})
	_, err := Start(t.Context(), Options{Dir: s.opts.Dir})
	require.ErrorIs(t, err, ErrInUse)
	_, err = command(s.Socket(), "PING")
	require.NoError(t, err, "and the first one is left alone")
}

func TestEndsOrphan(t *testing.T) {
	requireRedis(t)
	for _, stopped := range []bool{false, true} {
		t.Run(fmt.Sprintf("stopped=%v", stopped), func(t *testing.T) {
			dir := t.TempDir()
			orphan := exec.Command("redis-server", "--port", "0", "--unixsocket", filepath.Join(dir, "redis.sock"), "--dir", dir, "--appendonly", "yes", "--save", "")
			require.NoError(t, orphan.Start())
			exited := make(chan struct{})
			go func() {
				defer close(exited)
				_ = orphan.Wait()
			}()
			t.Cleanup(func() {
				_ = orphan.Process.Kill()
				<-exited
			})
			require.NoError(t, awaitAnswer(t.Context(), filepath.Join(dir, "redis.sock")))
			_, err := command(filepath.Join(dir, "redis.sock"), "SET k v")
			require.NoError(t, err)
			if stopped { // it hangs: SIGTERM does nothing
				require.NoError(t, orphan.Process.Signal(syscall.SIGSTOP))
			}

			s := start(t, Options{Dir: dir, Stop: 200 * time.Millisecond})
			<-exited
			answer, err := command(s.Socket(), "GET k")
			require.NoError(t, err)
			require.Equal(t, "v", answer)
		})
	}
}

func TestDiesWithKilledParent(t *testing.T) {
	requireRedis(t)
	dir := t.TempDir()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentEnv+"="+dir)
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err, line)
	fd, err := unix.PidfdOpen(pid, 0)
	require.NoError(t, err)
	defer unix.Close(fd)

	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait()
	gone, err := awaitExit(t.Context(), fd, 10*time.Second)
	require.NoError(t, err)
	require.True(t, gone, "redis-server outlives its killed parent")
	start(t, Options{Dir: dir}) // and the lock is free
}

func requireGone(t *testing.T, pid int) {
	t.Helper()
	require.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH, "process %d is still there", pid)
}

func TestMissingBinary(t *testing.T) {
	_, err := Start(t.Context(), Options{Dir: t.TempDir(), Binary: "no-such-redis-server"})
	require.ErrorIs(t, err, ErrMissing)
	require.ErrorContains(t, err, "apt-get install redis-server")
}

func TestFailedStartLeavesNothing(t *testing.T) {
	requireRedis(t)
	dir := t.TempDir()
	// A folder where the append-only file's manifest should be: Redis refuses to start.
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "appendonlydir", "appendonly.aof.manifest"), 0o700))
	_, err := Start(t.Context(), Options{Dir: dir})
	require.ErrorContains(t, err, "it said:", "the cause is in the error")
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "appendonlydir")))
	start(t, Options{Dir: dir})
}

func TestStartEndsWithContext(t *testing.T) {
	requireRedis(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	if s, err := Start(ctx, Options{Dir: dir}); err == nil { // it may have been quicker
		require.NoError(t, s.Close())
	}
	start(t, Options{Dir: dir})
}

func TestLogs(t *testing.T) {
	var buf syncBuffer
	w := &logWriter{log: slog.New(slog.NewTextHandler(&buf, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	write := func(s string) {
		n, err := w.Write([]byte(s))
		require.NoError(t, err)
		require.Equal(t, len(s), n)
	}
	write("12:C 24 Nov 2026 00:00:00.000 # oO0OoO0OoO0Oo Redis is starting\n12:M 24 Nov 2026 00:00:00.0")
	write("01 * Ready to accept connections\n\n")
	w.loud()
	write("12:M 24 Nov 2026 00:00:01.000 # Error writing to the AOF file: No space left on device\n")
	w.quiet()
	write("12:signal-handler (1700000000) Received SIGTERM\n")
	got := buf.String()
	require.Equal(t, 1, strings.Count(got, "level=WARN"), got)
	require.Contains(t, got, `level=WARN msg="redis-server: Error writing to the AOF file: No space left on device"`)
	require.Contains(t, got, `level=DEBUG msg="redis-server: Ready to accept connections"`)
	require.Contains(t, w.tail(), "Received SIGTERM")
	for range 2 * keptLines {
		write("x\n")
	}
	require.NotContains(t, w.tail(), "SIGTERM")
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
