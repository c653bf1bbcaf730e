package stage_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/internal/inplace"
	"github.com/trivue/trivue/internal/samples"
	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/mp4"
	"github.com/trivue/trivue/pipeline/container/webm"
	"github.com/trivue/trivue/pipeline/gstx"
	"github.com/trivue/trivue/pipeline/stage"
)

// made is everything the stages make of one file.
type made struct {
	inspection stage.Inspection
	playback   stage.PlaybackFile
	path       string // of the playback file
	dir        string
	heard      stage.Heard
	thumbnails stage.Thumbnails
}

func runner(t testing.TB) inplace.Runner {
	t.Helper()
	media := gstx.New()
	require.NoError(t, media.Preload(stage.Needs{}))
	return inplace.Runner(stage.Stages(media))
}

// run runs one stage and decodes its result.
func run[T any](t testing.TB, r stage.Runner, name exam.StageName, input, output string, params any) (T, error) {
	t.Helper()
	encoded, err := json.Marshal(params)
	require.NoError(t, err)
	var result T
	answer, err := r.Run(t.Context(), stage.Job{Stage: name, Inputs: []string{input}, Output: output, Params: encoded}, func(done float64) {
		assert.True(t, done >= 0 && done <= 1, "progress %v", done)
	})
	if err != nil {
		return result, err
	}
	require.NoError(t, json.Unmarshal(answer, &result))
	return result, nil
}

// makeAll runs all stages on a file that is expected to be usable.
func makeAll(t testing.TB, path string) made {
	t.Helper()
	r, m := runner(t), made{dir: t.TempDir()}
	var err error
	m.inspection, err = run[stage.Inspection](t, r, exam.Inspect, path, m.dir, nil)
	require.NoError(t, err)
	m.playback, err = run[stage.PlaybackFile](t, r, exam.Playback, path, m.dir, stage.PlaybackParams{Inspection: m.inspection})
	require.NoError(t, err)
	m.path = filepath.Join(m.dir, m.playback.File)
	if m.playback.Audio != nil {
		m.heard, err = run[stage.Heard](t, r, exam.Sound, m.path, m.dir, nil)
		require.NoError(t, err)
	}
	if m.playback.Video != nil {
		m.thumbnails, err = run[stage.Thumbnails](t, r, exam.Frames, m.path, m.dir, stage.FramesParams{Video: *m.playback.Video})
		require.NoError(t, err)
	}
	return m
}

func TestEverySampleBecomesPlayableByCopyAlone(t *testing.T) {
	for _, path := range samples.All(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			m := makeAll(t, path)
			assert.False(t, m.playback.Transcoded)
			require.NotNil(t, m.playback.Video)
			require.NotNil(t, m.playback.Audio)
			assert.Equal(t, m.inspection.Video.Packets, m.playback.Video.Packets, "pictures")
			assert.Equal(t, m.inspection.Audio.Packets, m.playback.Audio.Packets, "sound packets")
			assert.Equal(t, payloads(t, path, container.Video), payloads(t, m.path, container.Video), "pictures are copied bit by bit")
			assert.Equal(t, payloads(t, path, container.Audio), payloads(t, m.path, container.Audio), "sound is copied bit by bit")
			assert.Equal(t, m.inspection.Video.Rotation, m.playback.Video.Rotation, "rotation")
			assert.InDelta(t, m.playback.Duration.Seconds(), m.heard.Duration.Seconds(), 1.5, "length of what is heard")
			assert.NotEmpty(t, m.thumbnails.Tiles)
			assert.Zero(t, m.thumbnails.Skipped)
			assert.Zero(t, m.heard.Skipped)
			for i := 1; i < len(m.thumbnails.Tiles); i++ {
				assert.Greater(t, m.thumbnails.Tiles[i].At, m.thumbnails.Tiles[i-1].At, "thumbnails are in order")
			}
		})
	}
}

func TestRotatedPhoneVideoKeepsItsRotationAndHasUprightThumbnails(t *testing.T) {
	m := makeAll(t, turned(t, samples.Path(t, "samples", "camera-h264.mp4"), 90))
	assert.Equal(t, 90, m.playback.Video.Rotation)
	assert.Greater(t, m.playback.Video.Width, m.playback.Video.Height, "the coded picture is not turned")
	tile := m.thumbnails.Tiles[0]
	assert.Greater(t, tile.Height, tile.Width, "thumbnails are")
}

// turned copies an MP4 as a phone would have written it that was held upright.
func turned(t *testing.T, path string, rotation int) string {
	t.Helper()
	in, err := stage.Open(path)
	require.NoError(t, err)
	defer in.Close()
	tracks := in.Tracks()
	for i := range tracks {
		if tracks[i].Kind == container.Video {
			tracks[i].Rotation = rotation
		}
	}
	out, err := os.Create(filepath.Join(t.TempDir(), "turned.mp4"))
	require.NoError(t, err)
	defer out.Close()
	w, err := mp4.NewWriter(out, tracks, container.Extent{})
	require.NoError(t, err)
	for {
		p, err := in.Next()
		if errors.Is(err, io.EOF) {
			require.NoError(t, w.Close())
			return out.Name()
		}
		require.NoError(t, err)
		payload, err := in.Payload(nil)
		require.NoError(t, err)
		require.NoError(t, w.WritePacket(p, payload))
	}
}

func TestSoundOnlyAndPictureOnlyAreMadePlayable(t *testing.T) {
	for _, only := range []container.Kind{container.Video, container.Audio} {
		t.Run(string(only), func(t *testing.T) {
			m := makeAll(t, withOnly(t, samples.Path(t, "samples", "camera-vp8.webm"), only))
			assert.Equal(t, only == container.Video, m.playback.Video != nil)
			assert.Equal(t, only == container.Audio, m.playback.Audio != nil)
			assert.InDelta(t, 24, m.playback.Duration.Seconds(), 1.5)
			if only == container.Audio {
				assert.Contains(t, m.playback.MIME, "audio/webm")
				assert.False(t, m.heard.Silent)
			}
		})
	}
}

// withOnly copies a WebM without its other tracks.
func withOnly(t *testing.T, path string, kind container.Kind) string {
	t.Helper()
	in, err := stage.Open(path)
	require.NoError(t, err)
	defer in.Close()
	var tracks []container.Track
	for _, track := range in.Tracks() {
		if track.Kind == kind {
			tracks = append(tracks, track)
		}
	}
	out, err := os.Create(filepath.Join(t.TempDir(), "only.webm"))
	require.NoError(t, err)
	defer out.Close()
	w, err := webm.NewWriter(out, tracks, container.Extent{}, webm.Options{Live: true})
	require.NoError(t, err)
	for {
		p, err := in.Next()
		if errors.Is(err, io.EOF) {
			require.NoError(t, w.Close())
			return out.Name()
		}
		require.NoError(t, err)
		if p.Track == tracks[0].ID {
			payload, err := in.Payload(nil)
			require.NoError(t, err)
			require.NoError(t, w.WritePacket(p, payload))
		}
	}
}

func TestWhatHoldsNothingUsableIsRefusedWithItsReason(t *testing.T) {
	whole, err := os.ReadFile(samples.Path(t, "samples", "camera-vp8.webm"))
	require.NoError(t, err)
	mp4, err := os.ReadFile(samples.Path(t, "samples", "camera-h264.mp4"))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		content []byte
		reason  container.Reason
	}{
		"zero bytes":       {nil, container.Empty},
		"only zeros":       {make([]byte, 100_000), container.Empty},
		"text":             {[]byte("Dear candidate, the interview starts at nine.\n"), container.NotMedia},
		"random bytes":     {read(t, samples.Path(t, "samples", "broken", "rand.webm")), container.NotMedia},
		"header of a WebM": {whole[:200], container.HeaderOnly},
		"absurd picture":   {read(t, samples.Path(t, "samples", "broken", "hugedim_vp8kf.webm")), container.TooLarge},
		"MP4 cut at once":  {read(t, samples.Path(t, "samples", "broken", "trunc100.mp4")), container.NoIndex},
		"MP4 without moov": {append(append([]byte{}, mp4[:28]...), make([]byte, 0)...), container.NoIndex},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			require.NoError(t, os.WriteFile(path, c.content, 0o600))
			_, err := run[stage.Inspection](t, runner(t), exam.Inspect, path, t.TempDir(), nil)
			var failure *stage.Failure
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, string(c.reason), failure.Code, failure.Detail)
			assert.True(t, failure.Again, "uploading again is what helps")
		})
	}
}

func TestDamagedFilesKeepWhatCanBePlayedAndStateTheLoss(t *testing.T) {
	for _, name := range []string{"camera-vp8.webm", "screen-vp8.webm", "camera-h264.mp4", "phone-fragmented-h264-aac.mp4"} {
		whole := read(t, samples.Path(t, "samples", name))
		length := makeAll(t, samples.Path(t, "samples", name)).playback.Duration
		for damage, content := range map[string][]byte{
			"truncated": whole[:len(whole)*6/10],
			"holed":     overwrite(whole, len(whole)*4/10, len(whole)/10, 0),
			"cut out":   append(append([]byte{}, whole[:len(whole)*4/10]...), whole[len(whole)*5/10:]...),
			"garbage":   overwrite(whole, len(whole)*4/10, 20_000, 0x5a),
		} {
			t.Run(name+" "+damage, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "file")
				require.NoError(t, os.WriteFile(path, content, 0o600))
				m := makeAll(t, path)
				require.NotEmpty(t, m.playback.Damage, "the loss is stated")
				assert.Greater(t, m.playback.Duration, length/3)
				for _, l := range m.playback.Damage {
					assert.LessOrEqual(t, l.From, l.To)
					assert.LessOrEqual(t, l.From, m.playback.Duration+time.Second)
				}
			})
		}
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return b
}

func overwrite(b []byte, at, length int, with byte) []byte {
	b = append([]byte{}, b...)
	for i := at; i < at+length; i++ {
		b[i] = with
	}
	return b
}

// payloads hashes the packets of a file's first track of a kind, in their order.
func payloads(t testing.TB, path string, kind container.Kind) [][32]byte {
	t.Helper()
	in, err := stage.Open(path)
	require.NoError(t, err)
	defer in.Close()
	id := 0
	for _, track := range in.Tracks() {
		if track.Kind == kind && id == 0 {
			id = track.ID
		}
	}
	var all [][32]byte
	for {
		p, err := in.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		if p.Track == id {
			payload, err := in.Payload(nil)
			require.NoError(t, err)
			all = append(all, sha256.Sum256(payload))
		}
	}
}
