package storagetest

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/trivue/trivue/archive"
)

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
