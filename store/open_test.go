package store_test

import (
	"bufio"
	"context"
	"database/sql"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/trivue/trivue/store"
)

func TestMain(m *testing.M) {
	if dsn := os.Getenv("STORE_TEST_OPEN"); dsn != "" {
		os.Exit(openWhenTold(dsn))
	}
	os.Exit(m.Run())
}

// openWhenTold is a process of its own that opens a database as soon as its input ends.
func openWhenTold(dsn string) int {
	os.Stdout.WriteString("ready\n")
	io.Copy(io.Discard, os.Stdin)
	s, err := store.Open(context.Background(), dsn)
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		return 1
	}
	return 0
}

// Processes that start at the same moment, on one empty database, all find it migrated.
func TestProcessesMigrateAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			dsn := e.dsn(t)
			var starts []io.Closer
			var processes []*exec.Cmd
			for range 4 {
				cmd := exec.CommandContext(t.Context(), os.Args[0])
				cmd.Env = append(os.Environ(), "STORE_TEST_OPEN="+dsn)
				cmd.Stderr = &strings.Builder{}
				in, err := cmd.StdinPipe()
				require.NoError(t, err)
				out, err := cmd.StdoutPipe()
				require.NoError(t, err)
				require.NoError(t, cmd.Start())
				_, err = bufio.NewReader(out).ReadString('\n')
				require.NoError(t, err)
				starts, processes = append(starts, in), append(processes, cmd)
			}
			for _, in := range starts {
				require.NoError(t, in.Close())
			}
			for _, cmd := range processes {
				require.NoError(t, cmd.Wait(), "%s", cmd.Stderr)
			}
			withAttempt(t, open(t, dsn))
		})
	}
}

func TestReopeningKeepsData(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			dsn := e.dsn(t)
			s, err := store.Open(t.Context(), dsn)
			require.NoError(t, err)
			withAttempt(t, s)
			require.NoError(t, s.Close())
			s = open(t, dsn)
			got, err := s.Attempt(t.Context(), anAttempt.ID)
			require.NoError(t, err)
			require.Equal(t, anAttempt, got)
		})
	}
}

// Two processes that share a database see each other's rows, and wait for each other instead of failing.
func TestTwoStoresShareADatabase(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			dsn := e.dsn(t)
			stores := []*store.Store{open(t, dsn), open(t, dsn)}
			withAttempt(t, stores[0])
			uploading(t, stores[1], "a", "camera")
			var wg sync.WaitGroup
			for i := range 100 {
				wg.Go(func() {
					if err := stores[i%2].SetProgress(t.Context(), map[string]int64{"a": int64(i)}); err != nil {
						t.Errorf("progress: %v", err)
					}
				})
			}
			wg.Wait()
			take, err := stores[0].Take(t.Context(), "a")
			require.NoError(t, err)
			require.EqualValues(t, 99, take.Received)
		})
	}
}

func TestOlderProgramRefusesNewerTables(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trivue.db")
	s, err := store.Open(t.Context(), "sqlite:"+path)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
	require.NoError(t, err)
	_, err = store.Open(t.Context(), "sqlite:"+path)
	require.ErrorIs(t, err, store.ErrInvalid)
	require.ErrorContains(t, err, "newer version")
}

func TestSQLiteFile(t *testing.T) {
	// Characters that mean something in a URI.
	path := filepath.Join(t.TempDir(), "a b?c%20#&=复.db")
	withAttempt(t, open(t, "sqlite:"+path))
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, "%s is open to others: %v", name, info.Mode())
	}
}

func TestAddressesThatCannotBeOpened(t *testing.T) {
	file := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(file, []byte(strings.Repeat("this is not a database ", 100)), 0o600))
	for _, dsn := range []string{
		"", "mysql://root:secret@db/x", "sqlite:", "sqlite:/nowhere/at/all.db", "sqlite:" + file,
		"postgres://user:secret@127.0.0.1:1/x?connect_timeout=1", "postgres://user:secret@%zz/",
	} {
		_, err := store.Open(t.Context(), dsn)
		require.Error(t, err, dsn)
		require.NotContains(t, err.Error(), "secret")
	}
}
