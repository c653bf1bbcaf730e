package disk_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/trivue/trivue/archive"
	"github.com/trivue/trivue/archive/disk"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("DISK_TEST_PUT"); dir != "" {
		fmt.Fprintln(os.Stderr, putUntilKilled(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func put(t testing.TB, s *disk.Store, key, content string) error {
	t.Helper()
	sum := sha256.Sum256([]byte(content))
	return s.Put(t.Context(), key, strings.NewReader(content), int64(len(content)), hex.EncodeToString(sum[:]))
}

// tellingReader gives content without end, and tells on standard output when a megabyte was taken.
type tellingReader struct{ given int }

func (r *tellingReader) Read(p []byte) (int, error) {
	if r.given < 1<<20 && r.given+len(p) >= 1<<20 {
		fmt.Println("writing")
	}
	r.given += len(p)
	return len(p), nil
}

// putUntilKilled is a process of its own. It replaces one object over and over, then begins a large one.
func putUntilKilled(dir string) error {
	s, err := disk.Open(dir)
	if err != nil {
		return err
	}
	ctx := context.Background()
	if os.Getenv("DISK_TEST_REPLACE") == "" {
		return s.Put(ctx, "large", &tellingReader{}, 1<<40, strings.Repeat("0", 64))
	}
	for i := 0; ; i++ {
		content := strings.Repeat(fmt.Sprint(i), 1000)
		sum := sha256.Sum256([]byte(content))
		if err := s.Put(ctx, "attempts/1/replaced", strings.NewReader(content), int64(len(content)), hex.EncodeToString(sum[:])); err != nil {
			return err
		}
		fmt.Println("put", i)
	}
}

// start runs putUntilKilled and returns after it has said n lines.
func start(t *testing.T, dir string, n int, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), append(env, "DISK_TEST_PUT="+dir)...)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for range n {
		require.True(t, lines.Scan(), "the process ended")
	}
	go func() {
		for lines.Scan() {
		}
	}()
	return cmd
}

func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	require.Equal(t, syscall.SIGKILL, cmd.ProcessState.Sys().(syscall.WaitStatus).Signal())
}

func TestKilledWhileWriting(t *testing.T) {
	dir := t.TempDir()
	before := open(t, dir)
	require.NoError(t, put(t, before, "kept", "content"))
	cmd := start(t, dir, 1)
	_, err := before.Stat(t.Context(), "large")
	require.ErrorIs(t, err, archive.ErrNotFound)
	// Opening the store must not take a living writer's file away.
	other := open(t, dir)
	require.Len(t, everything(t, filepath.Join(dir, "tmp")), 2, "the folder and the file that is written")
	kill(t, cmd)
	_, err = other.Stat(t.Context(), "large")
	require.ErrorIs(t, err, archive.ErrNotFound)

	again := open(t, dir)
	require.Len(t, everything(t, filepath.Join(dir, "tmp")), 1, "the dead writer's file is removed")
	var keys []string
	for info, err := range again.List(t.Context(), "") {
		require.NoError(t, err)
		keys = append(keys, info.Key)
	}
	require.Equal(t, []string{"kept"}, keys)
}

// Whenever a process is killed, the key has an object whose bytes are those of its checksum, or none.
func TestKilledWhileReplacing(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	dir := t.TempDir()
	found := 0
	for round := range 20 {
		kill(t, start(t, dir, 1+round%5, "DISK_TEST_REPLACE=1"))
		o, err := open(t, dir).Open(t.Context(), "attempts/1/replaced")
		if errors.Is(err, archive.ErrNotFound) {
			continue
		}
		require.NoError(t, err)
		found++
		h := sha256.New()
		_, err = io.Copy(h, o)
		require.NoError(t, err)
		require.Equal(t, o.Info().SHA256, hex.EncodeToString(h.Sum(nil)))
		require.NoError(t, o.Close())
	}
	require.NotZero(t, found)
}

func TestDiskFull(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to mount a small file system")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("cannot mount a small file system here: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	s := open(t, dir)
	require.NoError(t, put(t, s, "kept", "content"))
	before := everything(t, dir)
	require.ErrorIs(t, put(t, s, "large", strings.Repeat("x", 2<<20)), syscall.ENOSPC)
	_, err := s.Stat(t.Context(), "large")
	require.ErrorIs(t, err, archive.ErrNotFound)
	require.Equal(t, before, everything(t, dir))
	require.NoError(t, put(t, s, "small", strings.Repeat("x", 100_000)), "what fits is still taken")
}
