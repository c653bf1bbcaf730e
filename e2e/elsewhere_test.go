package e2e

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/internal/pgtest"
	"github.com/trivue/trivue/internal/s3test"
	"github.com/trivue/trivue/timeline"
)

// TestDatabaseAndObjectsElsewhere runs the same system on PostgreSQL and S3, and plays out of the bucket.
func TestDatabaseAndObjectsElsewhere(t *testing.T) {
	if testing.Short() {
		t.Skip("needs PostgreSQL and an S3 server")
	}
	made := sample(t)
	bucket := s3test.Start(t)
	data := t.TempDir()
	s := start(t, data, "--database", pgtest.DSN(t), "--s3-endpoint", bucket.Endpoint, "--s3-bucket", s3test.Bucket(), "--s3-create-bucket", "--s3-path-style",
		"--s3-access-key", bucket.AccessKey, "--s3-secret-key", bucket.SecretKey)
	c := signIn(t, s.address)
	id := c.newAttempt("S3-001")
	for _, take := range made.Takes[:2] {
		content, err := os.ReadFile(take.File)
		require.NoError(t, err)
		c.send(c.create(id, take.Kind, filepath.Base(take.File), len(content)), 0, content)
	}
	a := c.until(id, "it is ready", func(a attemptState) bool { return a.Summary.State == exam.Ready || a.Summary.State == exam.Broken })
	require.Equal(t, exam.Ready, a.Summary.State)

	for _, name := range []string{"trivue.db", "objects"} {
		_, err := os.Stat(filepath.Join(data, name))
		assert.ErrorIs(t, err, os.ErrNotExist, "%s is not needed here", name)
	}
	tl, err := timeline.Decode([]byte(c.text(http.MethodGet, "/api/attempts/"+id+"/timeline", "")))
	require.NoError(t, err)
	require.Len(t, tl.Recordings, 2)
	file := tl.Recordings[0].Takes[0].File
	whole := c.text(http.MethodGet, "/media/"+id+"/"+file, "")
	answer := c.do(http.MethodGet, "/media/"+id+"/"+file, "", map[string]string{"Range": "bytes=1000-1999"})
	defer answer.Body.Close()
	part := make([]byte, 1000)
	_, err = io.ReadFull(answer.Body, part)
	require.NoError(t, err)
	assert.Equal(t, http.StatusPartialContent, answer.StatusCode)
	assert.Equal(t, whole[1000:2000], string(part), "a player's jump reads the same bytes out of the bucket")
	require.NoError(t, s.stop(t))
}
