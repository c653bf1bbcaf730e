// Package storagetest is the conformance suite of archive.Store: every implementation passes all of it.
package storagetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/trivue/trivue/archive"
)

// Storage is what the suite is run on.
type Storage struct {
	Store archive.Store // empty
	// Residue lists everything that the storage holds for its objects and for writes under way, in any form: parts, temporary files.
	// The suite checks that nothing is left behind.
	Residue func(t testing.TB) []string
}

// Run runs the suite. New gives empty storage for each test.
func Run(t *testing.T, new func(t *testing.T) Storage) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s Storage)
	}{
		{"PutAndGet", putAndGet},
		{"ZeroBytes", zeroBytes},
		{"Large", large},
		{"Seek", seek},
		{"SameContentAgain", sameContentAgain},
		{"OtherContent", otherContent},
		{"ReplacedWhileRead", replacedWhileRead},
		{"WrongBytes", wrongBytes},
		{"ReaderFails", readerFails},
		{"Cancelled", cancelled},
		{"ConcurrentPuts", concurrentPuts},
		{"Delete", deleteObjects},
		{"List", list},
		{"Keys", keys},
		{"Arguments", arguments},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, new(t)) })
	}
}

// Sizes around which storage changes its ways: a buffer, a part of a multipart upload, several of them.
const (
	part     = 5 << 20
	manyPart = 20<<20 + 12345
)

func content(seed uint64, size int) []byte {
	b := make([]byte, size)
	source := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	_, _ = source.Read(b)
	return b
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// onlyReader hides that a reader could seek: what is put is a stream.
func onlyReader(b []byte) io.Reader { return struct{ io.Reader }{bytes.NewReader(b)} }

func put(t testing.TB, s Storage, key string, b []byte) {
	t.Helper()
	require.NoError(t, s.Store.Put(t.Context(), key, onlyReader(b), int64(len(b)), sum(b)))
}

func get(t testing.TB, s Storage, key string) []byte {
	t.Helper()
	o, err := s.Store.Open(t.Context(), key)
	require.NoError(t, err)
	defer func() { require.NoError(t, o.Close()) }()
	b, err := io.ReadAll(o)
	require.NoError(t, err)
	return b
}

// same compares without printing megabytes.
func same(t testing.TB, want, got []byte) {
	t.Helper()
	require.Equal(t, len(want), len(got), "length")
	require.True(t, bytes.Equal(want, got), "the bytes differ")
}

// nothingAt checks that a key has no object, in every way that one could show.
func nothingAt(t testing.TB, s Storage, key string) {
	t.Helper()
	_, err := s.Store.Stat(context.WithoutCancel(t.Context()), key)
	require.ErrorIs(t, err, archive.ErrNotFound)
	_, err = s.Store.Open(context.WithoutCancel(t.Context()), key)
	require.ErrorIs(t, err, archive.ErrNotFound)
	for info, err := range s.Store.List(context.WithoutCancel(t.Context()), "") {
		require.NoError(t, err)
		require.NotEqual(t, key, info.Key)
	}
}

func nothingLeft(t testing.TB, s Storage, before []string) {
	t.Helper()
	require.Equal(t, before, s.Residue(t), "something is left behind")
}

func putAndGet(t *testing.T, s Storage) {
	before := time.Now().Add(-time.Minute)
	for i, size := range []int{1, 1000, 256 << 10, 256<<10 + 1, part - 1, part, part + 1, 2 * part} {
		key, b := fmt.Sprintf("attempts/7f-3a/rev%d/camera_0.webm", i), content(uint64(i), size)
		put(t, s, key, b)
		same(t, b, get(t, s, key))
		info, err := s.Store.Stat(t.Context(), key)
		require.NoError(t, err)
		require.WithinRange(t, info.ModTime, before, time.Now().Add(time.Minute))
		require.Equal(t, archive.Info{Key: key, Size: int64(size), SHA256: sum(b), ModTime: info.ModTime}, info)
		o, err := s.Store.Open(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, info, o.Info())
		require.NoError(t, o.Close())
	}
	nothingAt(t, s, "attempts/7f-3a/rev0/none")
	nothingAt(t, s, "none")
	nothingAt(t, s, "attempts/7f-3a" /* a folder */)
	nothingAt(t, s, "attempts/7f-3a/rev0/camera_0.webm/below")
}

func zeroBytes(t *testing.T, s Storage) {
	put(t, s, "empty", nil)
	require.Empty(t, get(t, s, "empty"))
	info, err := s.Store.Stat(t.Context(), "empty")
	require.NoError(t, err)
	require.Zero(t, info.Size)
	require.Equal(t, sum(nil), info.SHA256)
}

func large(t *testing.T, s Storage) {
	b := content(1, manyPart)
	before := s.Residue(t)
	// In pieces of odd sizes, as a network gives them.
	r := iotest.HalfReader(onlyReader(b))
	require.NoError(t, s.Store.Put(t.Context(), "large", r, manyPart, sum(b)))
	same(t, b, get(t, s, "large"))
	require.NoError(t, s.Store.Delete(t.Context(), "large"))
	nothingLeft(t, s, before)
}

func seek(t *testing.T, s Storage) {
	b := content(2, part+part/2)
	put(t, s, "object", b)
	o, err := s.Store.Open(t.Context(), "object")
	require.NoError(t, err)
	defer o.Close()
	read := func(n int) []byte {
		t.Helper()
		p := make([]byte, n)
		n, err := io.ReadFull(o, p)
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			require.NoError(t, err)
		}
		return p[:n]
	}
	// As a player does it: header, end, index, then on from anywhere.
	same(t, b[:100], read(100))
	at, err := o.Seek(-1000, io.SeekEnd)
	require.NoError(t, err)
	require.EqualValues(t, len(b)-1000, at)
	same(t, b[len(b)-1000:], read(2000))
	_, err = o.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	random := rand.New(rand.NewPCG(1, 2))
	for range 40 {
		from := random.IntN(len(b))
		n := random.IntN(min(300_000, len(b)-from+1))
		_, err = o.Seek(int64(from), io.SeekStart)
		require.NoError(t, err)
		same(t, b[from:from+n], read(n))
		ahead := random.IntN(200_000)
		at, err = o.Seek(int64(ahead), io.SeekCurrent)
		require.NoError(t, err)
		require.EqualValues(t, from+n+ahead, at)
		from = min(from+n+ahead, len(b))
		same(t, b[from:min(from+10, len(b))], read(10))
	}
	_, err = o.Seek(-1, io.SeekStart)
	require.Error(t, err)
	_, err = o.Seek(10, io.SeekEnd)
	require.NoError(t, err)
	_, err = o.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	_, err = o.Seek(0, io.SeekStart)
	require.NoError(t, err)
	rest, err := io.ReadAll(o)
	require.NoError(t, err)
	same(t, b, rest)
}

func sameContentAgain(t *testing.T, s Storage) {
	b := content(3, 100_000)
	put(t, s, "a/b", b)
	before := s.Residue(t)
	put(t, s, "a/b", b)
	nothingLeft(t, s, before)
	same(t, b, get(t, s, "a/b"))
}

func otherContent(t *testing.T, s Storage) {
	before := s.Residue(t)
	for i, size := range []int{1000, 2000, 0, part + 1, 1000} {
		b := content(uint64(10+i), size)
		put(t, s, "a/b", b)
		same(t, b, get(t, s, "a/b"))
		info, err := s.Store.Stat(t.Context(), "a/b")
		require.NoError(t, err)
		require.Equal(t, sum(b), info.SHA256)
	}
	require.NoError(t, s.Store.Delete(t.Context(), "a/b"))
	nothingLeft(t, s, before)
}

func replacedWhileRead(t *testing.T, s Storage) {
	old := content(4, 2*part)
	put(t, s, "a", old)
	o, err := s.Store.Open(t.Context(), "a")
	require.NoError(t, err)
	defer o.Close()
	first := make([]byte, 1000)
	_, err = io.ReadFull(o, first)
	require.NoError(t, err)
	put(t, s, "a", content(5, 2*part))
	rest, err := io.ReadAll(o)
	if err != nil {
		require.ErrorIs(t, err, archive.ErrConflict)
	} else {
		require.Equal(t, len(old), len(first)+len(rest))
	}
	same(t, old[:len(first)+len(rest)], append(first, rest...))
}

func wrongBytes(t *testing.T, s Storage) {
	before := s.Residue(t)
	for _, size := range []int{0, 1000, part, 2*part + 1} {
		b := content(6, size)
		wrong := bytes.Clone(b)
		if size > 0 {
			wrong[size-1] ^= 1
		} else {
			wrong = []byte{0}
		}
		require.ErrorIs(t, s.Store.Put(t.Context(), "wrong", onlyReader(wrong), int64(len(wrong)), sum(b)), archive.ErrChecksum, "a bit")
		require.ErrorIs(t, s.Store.Put(t.Context(), "wrong", onlyReader(b), int64(size+1), sum(b)), archive.ErrChecksum, "too short")
		require.ErrorIs(t, s.Store.Put(t.Context(), "wrong", onlyReader(append(b, 1)), int64(size), sum(b)), archive.ErrChecksum, "too long")
		nothingAt(t, s, "wrong")
		nothingLeft(t, s, before)
	}
	// What is there stays there.
	b := content(7, 1000)
	put(t, s, "kept", b)
	require.ErrorIs(t, s.Store.Put(t.Context(), "kept", onlyReader(b), 1000, sum(nil)), archive.ErrChecksum)
	same(t, b, get(t, s, "kept"))
}

func readerFails(t *testing.T, s Storage) {
	before := s.Residue(t)
	b := content(8, 3*part)
	broken := errors.New("the recording's disk broke")
	for _, after := range []int{0, 1, 1000, part, 2*part + 5} {
		r := io.MultiReader(onlyReader(b[:after]), iotest.ErrReader(broken))
		require.ErrorIs(t, s.Store.Put(t.Context(), "broken", r, int64(len(b)), sum(b)), broken)
		nothingAt(t, s, "broken")
		nothingLeft(t, s, before)
	}
}

// cancellingReader cancels when half was read.
type cancellingReader struct {
	io.Reader
	left   int
	cancel func()
}

func (r *cancellingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p[:min(len(p), 100_000)])
	if r.left -= n; r.left <= 0 {
		r.cancel()
	}
	return n, err
}

func cancelled(t *testing.T, s Storage) {
	before := s.Residue(t)
	for _, size := range []int{1000, part - 1, 3 * part} {
		b := content(9, size)
		ctx, cancel := context.WithCancel(t.Context())
		r := &cancellingReader{onlyReader(b), size / 2, cancel}
		require.ErrorIs(t, s.Store.Put(ctx, "cancelled", r, int64(size), sum(b)), context.Canceled)
		nothingAt(t, s, "cancelled")
		nothingLeft(t, s, before)
		require.ErrorIs(t, s.Store.Put(ctx, "cancelled", onlyReader(b), int64(size), sum(b)), context.Canceled, "cancelled before")
		nothingAt(t, s, "cancelled")
	}
}

func concurrentPuts(t *testing.T, s Storage) {
	contents := map[string][]byte{}
	for i := range 4 {
		b := content(uint64(20+i), 300_000+i)
		contents[sum(b)] = b
	}
	whole := func(b []byte, when string) {
		if _, ok := contents[sum(b)]; !ok {
			t.Errorf("%s: %d bytes that nobody put", when, len(b))
		}
	}
	var wg sync.WaitGroup
	for sha, b := range contents {
		wg.Go(func() {
			for range 3 {
				if err := s.Store.Put(t.Context(), "one/key", onlyReader(b), int64(len(b)), sha); err != nil {
					t.Errorf("put: %v", err)
				}
				o, err := s.Store.Open(t.Context(), "one/key")
				if err != nil {
					t.Errorf("open: %v", err)
					return
				}
				got, err := io.ReadAll(o)
				if err == nil {
					whole(got, "meanwhile")
					if o.Info().SHA256 != sum(got) {
						t.Errorf("the checksum is of other bytes")
					}
				} else if !errors.Is(err, archive.ErrConflict) && !errors.Is(err, archive.ErrChecksum) {
					t.Errorf("read: %v", err)
				}
				o.Close()
			}
		})
	}
	wg.Wait()
	whole(get(t, s, "one/key"), "at the end")
}

func deleteObjects(t *testing.T, s Storage) {
	before := s.Residue(t)
	put(t, s, "a/b/c", []byte("1"))
	put(t, s, "a/b/d", []byte("2"))
	require.NoError(t, s.Store.Delete(t.Context(), "a/b"), "a folder is no object")
	require.NoError(t, s.Store.Delete(t.Context(), "a/b/c/e"), "below an object is none")
	require.NoError(t, s.Store.Delete(t.Context(), "a/b/c"))
	require.NoError(t, s.Store.Delete(t.Context(), "a/b/c"))
	nothingAt(t, s, "a/b/c")
	require.Equal(t, "2", string(get(t, s, "a/b/d")))
	require.NoError(t, s.Store.Delete(t.Context(), "a/b/d"))
	nothingLeft(t, s, before)
}

func list(t *testing.T, s Storage) {
	names := []string{"a-b", "a.b", "a/b", "a/b-c/x", "a/b.c", "a/c/d", "a0", "attempts/1/raw/x", "attempts/10/raw/x", "b"}
	for _, i := range rand.Perm(len(names)) {
		put(t, s, names[i], []byte(names[i]))
	}
	listed := func(prefix string) []string {
		t.Helper()
		got := []string{}
		for info, err := range s.Store.List(t.Context(), prefix) {
			require.NoError(t, err)
			require.EqualValues(t, len(info.Key), info.Size)
			if info.SHA256 != "" {
				require.Equal(t, sum([]byte(info.Key)), info.SHA256)
			}
			require.False(t, info.ModTime.IsZero())
			got = append(got, info.Key)
		}
		return got
	}
	for _, prefix := range []string{"", "a", "a/", "a/b", "a/b/", "attempts/1", "attempts/1/", "attempts/1/raw/x", "none", "none/", "/", "../", "a//"} {
		want := []string{}
		for _, name := range names {
			if strings.HasPrefix(name, prefix) {
				want = append(want, name)
			}
		}
		require.Equal(t, want, listed(prefix), "prefix %q", prefix)
	}
	for range s.Store.List(t.Context(), "") {
		break // may end early
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var failed error
	for _, err := range s.Store.List(ctx, "") {
		failed = err
	}
	require.ErrorIs(t, failed, context.Canceled)
}

func keys(t *testing.T, s Storage) {
	before := s.Residue(t)
	for _, key := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/..", "a/./b", ".hidden", "a/.b", "A", "a b", "a\x00", "a\n", `a\b`, "ä", "a\xff", "a?b", "%2e%2e/a", "~", strings.Repeat("a", 201), strings.Repeat("a/", 400) + "a",
	} {
		require.ErrorIs(t, s.Store.Put(t.Context(), key, strings.NewReader("x"), 1, sum([]byte("x"))), archive.ErrInvalid, "%q", key)
		_, err := s.Store.Open(t.Context(), key)
		require.ErrorIs(t, err, archive.ErrInvalid, "%q", key)
		_, err = s.Store.Stat(t.Context(), key)
		require.ErrorIs(t, err, archive.ErrInvalid, "%q", key)
		require.ErrorIs(t, s.Store.Delete(t.Context(), key), archive.ErrInvalid, "%q", key)
	}
	nothingLeft(t, s, before)
	for _, key := range []string{"a..b", "0", "-", "_", "a.", strings.Repeat("a", 200), strings.Repeat("0123456/", 99) + "01234567"} {
		put(t, s, key, []byte(key))
		require.Equal(t, key, string(get(t, s, key)))
	}
}

func arguments(t *testing.T, s Storage) {
	r := strings.NewReader("x")
	require.ErrorIs(t, s.Store.Put(t.Context(), "a", r, -1, sum([]byte("x"))), archive.ErrInvalid)
	for _, checksum := range []string{"", "abc", strings.Repeat("z", 64), strings.ToUpper(sum([]byte("x")))} {
		require.ErrorIs(t, s.Store.Put(t.Context(), "a", r, 1, checksum), archive.ErrInvalid)
	}
	nothingAt(t, s, "a")
}
