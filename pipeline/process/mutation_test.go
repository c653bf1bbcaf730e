//go:build cgo

package process_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/child"
	"github.com/trivue/trivue/pipeline/process"
	"github.com/trivue/trivue/pipeline/stage"
)

// knownCodes are those that a damaged file may be refused with. A crashed or endless child is none of them, and an internal
// error is one that nobody thought of.
var knownCodes = []string{"empty", "not-media", "header-only", "no-index", "no-tracks", "too-large", "unsupported", "unreadable"}

// TestMutatedRecordings sends damaged recordings through all stages in real children, for as many seconds as
// TRIVUE_FUZZ_SECONDS says.
func TestMutatedRecordings(t *testing.T) {
	made := interview(t)
	length := 6 * time.Second
	if s, err := strconv.Atoi(os.Getenv("TRIVUE_FUZZ_SECONDS")); err == nil {
		length = time.Duration(s) * time.Second
	}
	until := time.Now().Add(length)
	all := inputs(made, exam.Kinds...)
	runner := child.New(child.Options{Limits: child.Limits{}})
	usable, refused := 0, 0
	for seed := uint64(1); time.Now().Before(until); seed++ {
		source := all[int(seed)%len(all)]
		data, err := os.ReadFile(source.Path)
		require.NoError(t, err)
		dir := t.TempDir()
		path := filepath.Join(dir, "recording")
		require.NoError(t, os.WriteFile(path, mutate(rand.New(rand.NewPCG(seed, 11)), data), 0o600))
		out := filepath.Join(dir, "out")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		result, err := process.Run(ctx, []process.Input{{Kind: source.Kind, Path: path}}, process.Options{Runner: runner, Out: out})
		require.NoError(t, ctx.Err(), "seed %d hangs", seed)
		cancel()
		if err != nil {
			require.ErrorIs(t, err, process.ErrNothingUsable, "seed %d", seed)
			refused++
		} else {
			usable++
		}
		for _, problem := range append(result.Unusable, result.Warnings...) {
			var failure *stage.Failure
			if assert.Truef(t, errors.As(problem.Err, &failure), "seed %d: %v", seed, problem.Err) {
				assert.Containsf(t, knownCodes, failure.Code, "seed %d, %s of %s: %s\n%s", seed, problem.Stage, filepath.Base(source.Path), failure.Detail, failure.Diagnostics)
			}
		}
		assertNoResidue(t, out)
		require.NoError(t, os.RemoveAll(dir))
	}
	t.Logf("%d were usable, %d refused", usable, refused)
	assert.Positive(t, usable)
}

// mutate damages a copy of data in one to four places.
func mutate(r *rand.Rand, data []byte) []byte {
	data = append([]byte(nil), data...)
	for range 1 + r.IntN(4) {
		if len(data) < 64 {
			break
		}
		// Half of the damage goes to the first kilobytes, where the structure is.
		at := r.IntN(len(data))
		if r.IntN(2) == 0 {
			at = r.IntN(min(len(data), 4096))
		}
		end := min(len(data), at+1+r.IntN(20_000))
		switch r.IntN(6) {
		case 0:
			for range 1 + r.IntN(32) {
				data[r.IntN(len(data))] ^= 1 << r.IntN(8)
			}
		case 1:
			data[at] = byte(r.Uint32())
		case 2:
			data = data[:max(at, 32)]
		case 3:
			clear(data[at:end])
		case 4:
			data = append(data[:end:end], data[at:]...)
		case 5:
			copy(data[at:end], data[r.IntN(at+1):])
		}
	}
	return data
}
