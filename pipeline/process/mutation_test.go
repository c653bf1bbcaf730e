//go:build cgo

package process_test

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
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

// encodedElsewhere are recordings that the sample interview has none of: what has to be transcoded, and what changes its container.
// Small, since each is processed over and over.
var encodedElsewhere = map[string]string{
	"hevc.mp4":       "-c:v libx265 -preset ultrafast -x265-params log-level=none:bframes=2 -tag:v hvc1 -g 25 -c:a aac",
	"hevc-live.mp4":  "-c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1 -g 25 -c:a aac -movflags frag_keyframe+empty_moov",
	"hevc.mkv":       "-c:v libx265 -preset ultrafast -x265-params log-level=none -g 25 -c:a flac",
	"vp9.mp4":        "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 25 -c:a libopus",
	"high10.mp4":     "-c:v libx264 -preset ultrafast -pix_fmt yuv420p10le -profile:v high10 -g 25 -c:a aac",
	"mpeg4.3gp":      "-c:v mpeg4 -g 25 -ar 8000 -ac 1 -c:a aac",
	"mjpeg-pcm.mov":  "-c:v mjpeg -pix_fmt yuvj420p -c:a pcm_s16le",
	"vp8-vorbis.mkv": "-c:v libvpx -deadline realtime -cpu-used 8 -g 25 -c:a libvorbis",
}

// recordElsewhere has ffmpeg write them.
func recordElsewhere(t *testing.T) (all []process.Input) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed (make setup-test installs it)")
	}
	dir := t.TempDir()
	for _, name := range slices.Sorted(maps.Keys(encodedElsewhere)) {
		path := filepath.Join(dir, name)
		args := append([]string{"-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=size=192x128:rate=15:duration=3", "-f", "lavfi", "-i", "sine=frequency=440:duration=3"},
			strings.Fields(encodedElsewhere[name])...)
		out, err := exec.CommandContext(t.Context(), "ffmpeg", append(args, path)...).CombinedOutput()
		require.NoError(t, err, "%s: %s", name, out)
		all = append(all, process.Input{Kind: exam.Phone, Path: path})
	}
	return all
}

// TestMutatedRecordings sends damaged recordings through all stages in real children, for as many seconds as
// TRIVUE_FUZZ_SECONDS says, and in any case each of them once. TRIVUE_FUZZ_SEED is the first seed.
func TestMutatedRecordings(t *testing.T) {
	made := interview(t)
	length := 6 * time.Second
	if s, err := strconv.Atoi(os.Getenv("TRIVUE_FUZZ_SECONDS")); err == nil {
		length = time.Duration(s) * time.Second
	}
	first, _ := strconv.ParseUint(os.Getenv("TRIVUE_FUZZ_SEED"), 10, 64)
	first = max(first, 1)
	all := append(recordElsewhere(t), inputs(made, exam.Kinds...)...)
	until := time.Now().Add(length)
	runner := child.New(child.Options{Limits: child.Limits{}})
	usable, refused := 0, 0
	for seed := first; seed < first+uint64(len(all)) || time.Now().Before(until); seed++ {
		source := all[seed%uint64(len(all))]
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
			require.ErrorIs(t, err, process.ErrNothingUsable, "seed %d of %s", seed, filepath.Base(source.Path))
			refused++
		} else {
			usable++
		}
		for _, problem := range append(result.Unusable, result.Warnings...) {
			if errors.As(problem.Err, new(stage.LeftOut)) {
				continue // the rest is played
			}
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
