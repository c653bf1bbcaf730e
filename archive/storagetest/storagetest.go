// Package storagetest is the conformance suite of archive.Store: every implementation passes all of it.
package storagetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"testing"

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
