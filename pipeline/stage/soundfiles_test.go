package stage_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/stage"
)

// TestFilesOfSoundBecomePlayable goes through the families of files without pictures.
func TestFilesOfSoundBecomePlayable(t *testing.T) {
	if testing.Short() {
		t.Skip("encodes many recordings")
	}
	for name, c := range map[string]struct {
		args   string
		format container.Format
		codec  container.Codec
		made   container.Codec // in the playback file
	}{
		"pcm.wav":        {"-c:a pcm_s24le -ac 2", container.WAV, container.PCM, container.Opus},
		"telephone.wav":  {"-c:a pcm_mulaw -ar 8000", container.WAV, container.MuLaw, container.Opus},
		"gsm.wav":        {"-c:a libgsm_ms -ar 8000", container.WAV, container.GSM, container.Opus},
		"lame.mp3":       {"-c:a libmp3lame", container.MP3File, container.MP3, container.Opus}, // it begins before 0
		"bare.mp3":       {"-c:a libmp3lame -write_xing 0", container.MP3File, container.MP3, container.MP3},
		"messenger.opus": {"-c:a libopus", container.Ogg, container.Opus, container.Opus},
		"vorbis.ogg":     {"-c:a libvorbis", container.Ogg, container.Vorbis, container.Vorbis},
		"flac.oga":       {"-c:a flac", container.Ogg, container.FLAC, container.Opus},
		"flac.flac":      {"-c:a flac", container.FLACFile, container.FLAC, container.Opus},
		"adts.aac":       {"-c:a aac", container.ADTS, container.AAC, container.AAC},
	} {
		t.Run(name, func(t *testing.T) {
			m := makeAll(t, recordSound(t, name, c.args))
			assert.Equal(t, c.format, m.inspection.Format)
			require.NotNil(t, m.inspection.Audio)
			assert.Equal(t, c.codec, m.inspection.Audio.Codec)
			require.NotNil(t, m.playback.Audio)
			assert.Nil(t, m.playback.Video)
			assert.Equal(t, c.made, m.playback.Audio.Codec)
			assert.Equal(t, c.codec != c.made, m.playback.Transcoded)
			assert.Empty(t, m.playback.Damage)
			assert.Empty(t, m.playback.LeftOut)
			assert.InDelta(t, 4, m.playback.Duration.Seconds(), 0.1)
			sounds := onsets(t, filepath.Join(m.dir, stage.SoundFile))
			require.Len(t, sounds, 4, "beeps at %v", sounds)
			late := 0.0
			if name == "bare.mp3" || name == "adts.aac" {
				late = 0.023 // nothing in the file tells of the encoder's delay
			}
			for i, at := range sounds {
				assert.InDelta(t, float64(i)+late, at.Seconds(), 0.006, "beep %d", i)
			}
		})
	}
}

// TestTelephoneSpeechFilesBecomePlayable: AMR is what older telephones record.
func TestTelephoneSpeechFilesBecomePlayable(t *testing.T) {
	if testing.Short() {
		t.Skip("decodes and encodes media")
	}
	for _, name := range []string{"beeps.amr", "beeps.awb"} {
		m := makeAll(t, filepath.Join("testdata", name))
		assert.Equal(t, container.AMRFile, m.inspection.Format)
		assert.Equal(t, container.Opus, m.playback.Audio.Codec)
		assert.Len(t, onsets(t, filepath.Join(m.dir, stage.SoundFile)), 4, name)
	}
}

// recordSound has ffmpeg write the beeps alone.
func recordSound(t testing.TB, name, args string) string {
	t.Helper()
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed (make setup-test installs it)")
	}
	file := filepath.Join(t.TempDir(), name)
	all := append(append([]string{"-v", "error", "-nostdin"}, beeps...), strings.Fields(args)...)
	out, err := exec.Command(path, append(all, file)...).CombinedOutput()
	require.NoError(t, err, string(out))
	return file
}
