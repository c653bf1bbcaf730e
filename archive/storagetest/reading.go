package storagetest

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/trivue/trivue/archive"
)

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
