package takes_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/ingest/chain"
	"github.com/trivue/trivue/ingest/takes"
	"github.com/trivue/trivue/ingest/tus"
	"github.com/trivue/trivue/store"
)

// ordering notes when the database was told.
type ordering struct {
	takes.Store
	steps *steps
}

func (o ordering) AdvanceChain(ctx context.Context, takeID string, from int64, to store.ChainProgress) error {
	o.steps.add("row")
	return o.Store.AdvanceChain(ctx, takeID, from, to)
}

func TestWhatIsSaidToBeSafeIsOnTheDisk(t *testing.T) {
	var seen steps
	r := record(1, 1000, 2000)
	b := newBench(t, func(o *tus.Options) {
		o.SyncPath = func(path string) error {
			name := strings.TrimPrefix(filepath.Base(path), r.take)
			if name == "" {
				name = "media"
			}
			seen.add(name)
			return tus.SyncPath(path)
		}
	}, func(o *takes.Options) { o.Store = ordering{o.Store, &seen} })
	require.Equal(t, http.StatusCreated, b.begin(r).status)
	require.Equal(t, http.StatusNoContent, b.send(r, 1000).status)
	require.Empty(t, seen.taken())
	require.Equal(t, http.StatusOK, b.chain(r, 0, r.file(0, 1)).status)
	assert.Equal(t, []string{"media", ".info", "uploads", ".chain", "uploads"}, seen.taken())
	require.Equal(t, http.StatusNoContent, b.send(r, 3000).status)
	assert.Equal(t, []string{"media", ".info"}, seen.taken())
	require.Equal(t, http.StatusOK, b.chain(r, 1, r.file(1, 3)).status)
	assert.Equal(t, []string{".chain", "row"}, seen.taken())
}

func TestADiskThatDoesNotKeepMakesTheTakeBeSentAgain(t *testing.T) {
	r := record(1, 1000)
	var mu sync.Mutex
	failing := false
	b := newBench(t, func(o *tus.Options) {
		o.SyncPath = func(path string) error {
			mu.Lock()
			defer mu.Unlock()
			if failing && filepath.Base(path) == r.take {
				return fmt.Errorf("%w: input/output error", tus.ErrUnsafe)
			}
			return nil
		}
	}, nil)
	require.Equal(t, http.StatusCreated, b.begin(r).status)
	require.Equal(t, http.StatusNoContent, b.send(r, 500).status)
	mu.Lock()
	failing = true
	mu.Unlock()
	assert.JSONEq(t, `{"code": "differs", "chunk": 0}`, b.chain(r, 0, nil).body)
	mu.Lock()
	failing = false
	mu.Unlock()
	assert.JSONEq(t, `{"code": "differs", "chunk": 0}`, b.chain(r, 0, nil).body, "an fsync that succeeds after one that failed proves nothing")
	assert.Equal(t, http.StatusInternalServerError, b.send(r, len(r.media)).status)
	assert.JSONEq(t, `{"chunk": 0, "offset": 0}`, b.receipt(r).body)
}

// slowly signs when it is let.
type slowly struct {
	takes.Signer
	begun, let chan bool
}

func (s slowly) Sign(r chain.Receipt) ([]byte, error) {
	s.begun <- true
	<-s.let
	return s.Signer.Sign(r)
}

func TestALongComputationDoesNotHoldUpItsAnswer(t *testing.T) {
	gate := slowly{begun: make(chan bool, 10), let: make(chan bool)}
	b := newBench(t, nil, func(o *takes.Options) {
		gate.Signer, o.Signer, o.Patience = o.Signer, nil, -1
		o.Signer = gate
	})
	r := record(1, 1000)
	b.all(r)
	for range 3 {
		said := b.receipt(r)
		assert.Equal(t, http.StatusAccepted, said.status)
		assert.JSONEq(t, `{"missing": {"computing": true}}`, said.body)
	}
	<-gate.begun
	close(gate.let)
	require.Eventually(t, func() bool { return b.receipt(r).status == http.StatusOK }, waitAtMost, pollEvery)
	assert.Empty(t, gate.begun, "it was computed once, however many asked")
}

func TestManyAtOnceAgree(t *testing.T) {
	b := newBench(t, nil, nil)
	r := record(1, 1000, 2000, 500, 10)
	require.Equal(t, http.StatusCreated, b.begin(r).status)
	require.Equal(t, http.StatusNoContent, b.send(r, len(r.media)).status)
	var all sync.WaitGroup
	notes := make(chan string, 16)
	for n := range 16 {
		all.Go(func() {
			from := n % len(r.records)
			said := b.chain(r, 0, r.file(0, from+1))
			assert.Equal(t, http.StatusOK, said.status, said.body)
			assert.Equal(t, http.StatusOK, b.chain(r, 0, r.file(0, len(r.records))).status)
			said = b.receipt(r)
			assert.Equal(t, http.StatusOK, said.status, said.body)
			notes <- said.body
		})
	}
	all.Wait()
	close(notes)
	first := <-notes
	for other := range notes {
		assert.Equal(t, first, other)
	}
}

func TestAFullDiskTakesNoChainAndLosesNone(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=128k"); err != nil {
		t.Skipf("no small disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	b := newBench(t, func(o *tus.Options) { o.Folder = disk }, nil)
	r := record(1, 20_000, 20_000)
	require.Equal(t, http.StatusCreated, b.begin(r).status)
	require.Equal(t, http.StatusNoContent, b.send(r, len(r.media)).status)
	filler, err := os.Create(filepath.Join(disk, "filler"))
	require.NoError(t, err)
	for err == nil {
		_, err = filler.Write(make([]byte, 4096))
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	filler.Close()
	assert.Equal(t, http.StatusInsufficientStorage, b.chain(r, 0, r.file(0, 3)).status)
	assert.Equal(t, http.StatusAccepted, b.receipt(r).status)
	require.NoError(t, os.Remove(filepath.Join(disk, "filler")))
	assert.JSONEq(t, `{"bytes": 40000, "chunks": 3}`, b.chain(r, 0, r.file(0, 3)).body)
	assert.Equal(t, http.StatusOK, b.receipt(r).status)
}

func TestATakeThatWasWholeWhenTheServerDiedIsFound(t *testing.T) {
	b := newBench(t, nil, nil)
	r := record(1, 1000)
	require.Equal(t, http.StatusCreated, b.begin(r).status)
	require.Equal(t, http.StatusNoContent, b.do(http.MethodPatch, r.path(), r.media[:400], "Upload-Offset", "0", "Upload-Length", "1000").status)
	require.NoError(t, os.WriteFile(b.ingest.DataPath(r.take), r.media, 0o600)) // written, and then killed
	require.Equal(t, http.StatusOK, b.chain(r, 0, r.file(0, 2)).status)
	require.Equal(t, http.StatusOK, b.receipt(r).status)
	take, err := b.store.Take(t.Context(), r.take)
	require.NoError(t, err)
	assert.Equal(t, exam.Received, take.State, "it is worked on without waiting for a sweep")
}

// sick is a database that fails.
type sick struct{ takes.Store }

func (sick) Take(context.Context, string) (exam.Take, error) {
	return exam.Take{}, errors.New("database is locked at /var/lib/secret")
}

func TestAFaultOfOursSaysNothingAboutTheTake(t *testing.T) {
	b := newBench(t, nil, func(o *takes.Options) { o.Store = sick{o.Store} })
	r := record(1, 1000)
	for _, said := range []said{b.chain(r, 0, nil), b.receipt(r)} {
		assert.Equal(t, http.StatusServiceUnavailable, said.status)
		assert.NotContains(t, said.body, "secret")
	}
}
