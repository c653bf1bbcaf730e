package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/trivue/trivue/exam"
)

func box(kind string, content ...byte) []byte {
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(content))), kind...), content...)
}

// headerOnlyWebM is an EBML header of the type webm, and a segment of unknown size with nothing in it (RFC 8794, RFC 9559).
var headerOnlyWebM = append([]byte{0x1a, 0x45, 0xdf, 0xa3, 0x87, 0x42, 0x82, 0x84, 'w', 'e', 'b', 'm'},
	0x18, 0x53, 0x80, 0x67, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)

// tree gives the contents and times of all files under the roots.
func tree(t testing.TB, roots ...string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, root := range roots {
		require.NoError(t, filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			info, err := entry.Info()
			require.NoError(t, err)
			data, err := os.ReadFile(path)
			all[path] = fmt.Sprintf("%x %v %v", sha256.Sum256(data), info.Mode(), info.ModTime())
			return err
		}))
	}
	return all
}

// assertRefused runs process on one file and checks everything that a refusal has to be.
func assertRefused(t *testing.T, path string, said ...string) {
	t.Helper()
	before := map[string]string{}
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		before = tree(t, path)
	}
	out := filepath.Join(t.TempDir(), "out")
	got := trivue(t, nil, "process", "--camera", path, "--out", out)
	assert.Equal(t, 1, got.code, got.stderr)
	for _, want := range append(said, filepath.Base(path)) {
		assert.Contains(t, got.stderr, want)
	}
	assert.NotContains(t, got.stderr, "internal")
	assert.Empty(t, got.stdout)
	left, err := os.ReadDir(out)
	require.NoError(t, err)
	assert.Empty(t, left, "residue")
	if len(before) > 0 {
		assert.Equal(t, before, tree(t, path), "the recording was touched")
	}
	assertNoProcess(t)
}

func TestBadInputIsNamedWithItsCauseAndWhatToDo(t *testing.T) {
	noMoov := append(box("ftyp", []byte("isom\x00\x00\x02\x00isomavc1")...), box("mdat", make([]byte, 4000)...)...)
	noise := bytes.Repeat([]byte{0xe5, 0xf5, 0xb1, 0x19, 0x03, 0x6b, 0x4a, 0xda, 0x77}, 400)
	for _, c := range []struct {
		name        string
		path        string
		cause, todo string
	}{
		{"zero bytes", write(t, "empty.webm", nil), "no bytes", "again"},
		{"text", write(t, "notes.webm", []byte(strings.Repeat("not a recording at all\n", 50))), "text", "right file"},
		{"random bytes", write(t, "noise.mp4", noise), "neither WebM nor MP4", "right file"},
		{"header only", write(t, "header.webm", headerOnlyWebM), "header", "another copy"},
		{"no moov", write(t, "killed.mp4", noMoov), "index is missing", "another copy"},
		{"missing", filepath.Join(t.TempDir(), "nowhere.webm"), "no such file", "Check its path"},
		{"folder", t.TempDir(), "folder", "Check its path"},
	} {
		t.Run(c.name, func(t *testing.T) { assertRefused(t, c.path, c.cause, c.todo) })
	}
}

// TestAbsurdClaimsAreRefused changes what good recordings say of themselves.
func TestAbsurdClaimsAreRefused(t *testing.T) {
	made := sample(t)
	dir := t.TempDir()
	webm := ffmpeg(t, "-i", made.Files[exam.Camera][0], "-c", "copy", filepath.Join(dir, "with-duration.webm"))
	mp4 := ffmpeg(t, "-i", made.Files[exam.Phone][0], "-c", "copy", filepath.Join(dir, "phone.mp4"))
	for _, c := range []struct {
		name, source string
		after        string // what stands before the claim
		skip         int    // bytes between them
		claim        []byte
		cause        string
	}{
		{"WebM header's width", webm, "\xb0\x82", 0, []byte{0xff, 0xff}, "65535"},
		{"WebM duration", webm, "\x44\x89\x88", 0, binary.BigEndian.AppendUint64(nil, math.Float64bits(1e15)), "last"},
		{"VP8 key frame", webm, "\x9d\x01\x2a", 0, []byte{0xff, 0x3f, 0xff, 0x3f}, "16383"},
		{"MP4 duration", mp4, "mvhd", 12, []byte{0, 0, 0, 1, 0xff, 0xff, 0xff, 0xf0}, "last"},
		{"MP4 media duration", mp4, "mdhd", 12, []byte{0, 0, 0, 1, 0xff, 0xff, 0xff, 0xf0}, "last"},
		{"MP4 picture size", mp4, "avc1", 24, []byte{0xff, 0xff, 0xff, 0xff}, "65535"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data, err := os.ReadFile(c.source)
			require.NoError(t, err)
			at := bytes.LastIndex(data, []byte(c.after))
			if strings.HasPrefix(c.name, "WebM") || c.name == "VP8 key frame" {
				at = bytes.Index(data, []byte(c.after))
			}
			require.Positive(t, at, "the sample has no %q", c.after)
			copy(data[at+len(c.after)+c.skip:], c.claim)
			assertRefused(t, write(t, "absurd"+filepath.Ext(c.source), data), c.cause, "no camera or screen makes such a recording")
		})
	}
}

// TestUnreadableFile runs the program as a user who may not read the recording.
func TestUnreadableFile(t *testing.T) {
	if os.Getuid() != 0 {
		path := write(t, "secret.webm", headerOnlyWebM)
		require.NoError(t, os.Chmod(path, 0))
		assertRefused(t, path, "permission", "permissions")
		return
	}
	const nobody = 65534
	dir, err := os.MkdirTemp("", "trivue-nobody-*")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	out := filepath.Join(dir, "out")
	path := filepath.Join(dir, "secret.webm")
	require.NoError(t, os.Chmod(dir, 0o755))
	require.NoError(t, os.Mkdir(out, 0o700))
	require.NoError(t, os.Chown(out, nobody, nobody))
	require.NoError(t, os.WriteFile(path, headerOnlyWebM, 0o600))
	cmd := command(t, nil, "process", "--camera", path, "--out", out)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	cmd.Dir = "/"
	got := finish(t, cmd)
	assert.Equal(t, 1, got.code, got.stderr)
	for _, want := range []string{path, "permission denied", "Check its path and its permissions"} {
		assert.Contains(t, got.stderr, want)
	}
	left, err := os.ReadDir(out)
	require.NoError(t, err)
	assert.Empty(t, left)
	assertNoProcess(t)
}

// TestFullDisk has an earlier result on a disk that has no room for another.
func TestFullDisk(t *testing.T) {
	made := sample(t)
	out := t.TempDir()
	if err := unix.Mount("tmpfs", out, "tmpfs", 0, "size=20m"); err != nil {
		t.Skipf("no small disk can be mounted: %v", err)
	}
	t.Cleanup(func() { assert.NoError(t, unix.Unmount(out, unix.MNT_DETACH)) })
	got := trivue(t, nil, "process", "--screen", made.Files[exam.Screen][0], "--out", out)
	require.Equal(t, 0, got.code, got.stderr)
	for _, room := range []int64{0, 4 << 10, 150 << 10, 300 << 10} {
		t.Run(fmt.Sprint(room), func(t *testing.T) {
			var disk unix.Statfs_t
			require.NoError(t, unix.Statfs(out, &disk))
			filler := filepath.Join(out, "filler")
			f, err := os.Create(filler)
			require.NoError(t, err)
			defer os.Remove(filler)
			require.NoError(t, unix.Fallocate(int(f.Fd()), 0, 0, int64(disk.Bavail)*disk.Bsize-room))
			require.NoError(t, f.Close())
			before := tree(t, out, sampleDir)
			got := trivue(t, nil, "process", "--camera", made.Files[exam.Camera][0], "--phone", made.Files[exam.Phone][0], "--out", out)
			assert.Equal(t, 1, got.code, got.stderr)
			for _, want := range []string{out, "the disk is full", "Make room", "as it was"} {
				assert.Contains(t, got.stderr, want)
			}
			assert.Equal(t, before, tree(t, out, sampleDir))
			assertNoProcess(t)
		})
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	made := sample(t)
	camera := made.Files[exam.Camera][0]
	dir := t.TempDir()
	for _, c := range []struct {
		name, path, flag string
		said             []string
	}{
		{"two recordings", camera, "--camera", []string{"no screen recording", "no phone recording"}},
		{"picture", ffmpeg(t, "-i", camera, "-vn", "-c", "copy", filepath.Join(dir, "sound.webm")), "--camera", []string{"sound.webm (camera) has no picture"}},
		{"sound", ffmpeg(t, "-i", camera, "-an", "-c", "copy", filepath.Join(dir, "picture.webm")), "--phone", []string{"picture.webm (phone) has no sound", "no camera recording"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := tree(t, c.path)
			out := filepath.Join(t.TempDir(), "out")
			got := trivue(t, nil, "process", c.flag, c.path, "--out", out)
			assert.Equal(t, 0, got.code, got.stderr)
			for _, want := range c.said {
				assert.Contains(t, got.stderr, want)
			}
			assert.FileExists(t, filepath.Join(out, "timeline.json"))
			assert.Equal(t, before, tree(t, c.path))
			assertNoProcess(t)
		})
	}
}

// TestStopped ends the program in the middle of its work.
func TestStopped(t *testing.T) {
	made := sample(t)
	out := filepath.Join(t.TempDir(), "out")
	args := []string{"process", "--out", out, "--camera", made.Files[exam.Camera][0], "--screen", made.Files[exam.Screen][0]}
	begin := func(t *testing.T, signal os.Signal) (ended, []string) {
		cmd := command(t, nil, args...)
		stderr, err := cmd.StderrPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewScanner(stderr)
		require.True(t, lines.Scan(), "it ended without a word")
		require.Contains(t, lines.Text(), "%")
		during, err := os.ReadDir(out)
		require.NoError(t, err)
		require.NoError(t, cmd.Process.Signal(signal))
		var said strings.Builder
		for lines.Scan() {
			said.WriteString(lines.Text() + "\n")
		}
		_ = cmd.Wait()
		var names []string
		for _, e := range during {
			names = append(names, e.Name())
		}
		return ended{code: cmd.ProcessState.ExitCode(), stderr: said.String()}, names
	}
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		got, during := begin(t, signal)
		assert.Equal(t, 130, got.code, got.stderr)
		assert.Contains(t, got.stderr, "stopped before it was done")
		assert.NotContains(t, got.stderr, "error:")
		assert.NotEmpty(t, during, "it was not working")
		assert.Empty(t, tree(t, out))
		assertNoProcess(t)
	}
	t.Run("killed", func(t *testing.T) {
		_, during := begin(t, syscall.SIGKILL)
		assert.NotEmpty(t, during)
		assert.NoFileExists(t, filepath.Join(out, "timeline.json"))
		var status unix.WaitStatus
		require.Eventually(t, func() bool {
			_, err := unix.Wait4(-1, &status, unix.WNOHANG, nil)
			return err == unix.ECHILD
		}, 20*time.Second, 10*time.Millisecond, "children outlive the program")

		got := trivue(t, nil, args...)
		require.Equal(t, 0, got.code, got.stderr)
		other := filepath.Join(t.TempDir(), "out")
		require.Equal(t, 0, trivue(t, nil, append(args, "--out", other)...).code)
		names := func(root string) (all []string) {
			for path := range tree(t, root) {
				all = append(all, strings.TrimPrefix(path, root))
			}
			return all
		}
		assert.ElementsMatch(t, names(other), names(out), "the killed run left something")
	})
}
