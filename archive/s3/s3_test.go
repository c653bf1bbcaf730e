package s3_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/trivue/trivue/archive"
	"github.com/trivue/trivue/archive/s3"
	"github.com/trivue/trivue/archive/storagetest"
	"github.com/trivue/trivue/internal/s3test"
)

// options are those of a new bucket on the test server, with the smallest parts.
func options(t testing.TB) (s3.Options, s3test.Server) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a server")
	}
	server := s3test.Start(t)
	return s3.Options{
		Endpoint: server.Endpoint, Bucket: s3test.Bucket(), PathStyle: true, CreateBucket: true,
		AccessKey: server.AccessKey, SecretKey: server.SecretKey, PartSize: 5 << 20,
	}, server
}

func open(t testing.TB, o s3.Options) *s3.Store {
	t.Helper()
	s, err := s3.Open(t.Context(), o)
	require.NoError(t, err)
	return s
}

// residue lists the files that the server keeps for a bucket: objects, and parts of unfinished uploads.
func residue(t testing.TB, server s3test.Server, bucket string) []string {
	t.Helper()
	all := []string{}
	require.NoError(t, filepath.WalkDir(filepath.Join(server.Folder, bucket), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && !d.IsDir() {
			all = append(all, path)
		}
		return err
	}))
	return all
}

func TestConformance(t *testing.T) {
	for name, prefix := range map[string]string{"Bucket": "", "Prefix": "some/folder/"} {
		t.Run(name, func(t *testing.T) {
			storagetest.Run(t, func(t *testing.T) storagetest.Storage {
				o, server := options(t)
				o.Prefix = prefix
				return storagetest.Storage{Store: open(t, o), Residue: func(t testing.TB) []string { return residue(t, server, o.Bucket) }}
			})
		})
	}
}

func content(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// More objects than one answer of the service lists.
func TestListInPages(t *testing.T) {
	o, server := options(t)
	s := open(t, o)
	require.NoError(t, s.Put(t.Context(), "first", strings.NewReader(""), 0, sum(nil)))
	for i := range 1100 {
		// Straight into the server's folder: putting them one by one takes long.
		name := filepath.Join(server.Folder, o.Bucket, "many-"+string(rune('a'+i/100))+hex.EncodeToString([]byte{byte(i % 100)}))
		require.NoError(t, os.WriteFile(name, nil, 0o600))
	}
	n, last := 0, ""
	for info, err := range s.List(t.Context(), "many-") {
		require.NoError(t, err)
		require.Greater(t, info.Key, last)
		last = info.Key
		n++
	}
	require.Equal(t, 1100, n)
}

func TestOpen(t *testing.T) {
	o, _ := options(t)
	missing := o
	missing.CreateBucket = false
	_, err := s3.Open(t.Context(), missing)
	require.ErrorIs(t, err, archive.ErrNotFound)
	open(t, o)
	open(t, o)
	open(t, missing)

	for _, wrong := range []func(*s3.Options){
		func(o *s3.Options) { o.Bucket = "" },
		func(o *s3.Options) { o.SecretKey = "" },
		func(o *s3.Options) { o.PartSize = 1000 },
		func(o *s3.Options) { o.Endpoint = "http://127.0.0.1:1" },
		func(o *s3.Options) { o.SecretKey = "not the secret" },
	} {
		bad := o
		wrong(&bad)
		_, err := s3.Open(t.Context(), bad)
		require.Error(t, err)
		require.NotContains(t, err.Error(), o.SecretKey)
	}
}

// What another program has put into the bucket is not ours to list, but does no harm.
func TestStrangeObjects(t *testing.T) {
	o, server := options(t)
	s := open(t, o)
	for _, name := range []string{"README.TXT", ".hidden", "no-checksum"} {
		require.NoError(t, os.WriteFile(filepath.Join(server.Folder, o.Bucket, name), []byte("x"), 0o600))
	}
	var keys []string
	for info, err := range s.List(t.Context(), "") {
		require.NoError(t, err)
		keys = append(keys, info.Key)
	}
	require.Equal(t, []string{"no-checksum"}, keys)
	info, err := s.Stat(t.Context(), "no-checksum")
	require.NoError(t, err)
	require.Empty(t, info.SHA256)
	require.NoError(t, s.Put(context.Background(), "no-checksum", strings.NewReader("x"), 1, sum([]byte("x"))))
	info, err = s.Stat(t.Context(), "no-checksum")
	require.NoError(t, err)
	require.Equal(t, sum([]byte("x")), info.SHA256)
}
