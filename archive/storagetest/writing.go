package storagetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"github.com/trivue/trivue/archive"
)

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
