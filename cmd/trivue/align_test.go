package main

import (
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/align"
)

func TestAlignAnswersInWordsJSONAndAPicture(t *testing.T) {
	made := sample(t)
	camera, screen := made.Files[exam.Camera][0], made.Files[exam.Screen][0]
	picture := filepath.Join(t.TempDir(), "lag.png")
	got := trivue(t, nil, "align", camera, screen, "--json", "--plot", picture)
	require.Equal(t, 0, got.code, got.stderr)
	var answer align.Answer
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &answer), got.stdout)
	assert.NotEqual(t, align.CannotAlign, answer.Verdict, answer.Reason)
	assert.NotEmpty(t, answer.Pieces)

	f, err := os.Open(picture)
	require.NoError(t, err)
	defer f.Close()
	drawn, err := png.Decode(f)
	require.NoError(t, err)
	assert.Greater(t, drawn.Bounds().Dx(), 800)

	got = trivue(t, nil, "align", camera, screen)
	assert.Equal(t, 0, got.code)
	assert.Contains(t, got.stdout, string(answer.Verdict))
	assertNoProcess(t)
}

// TestAlignTakesTelephoneSound has a codec that no playback file has: its decoder must be there before the sandbox closes.
func TestAlignTakesTelephoneSound(t *testing.T) {
	camera := sample(t).Files[exam.Camera][0]
	telephone := ffmpeg(t, "-i", camera, "-vn", "-c:a", "pcm_alaw", "-ar", "8000", "-ac", "1", filepath.Join(t.TempDir(), "telephone.mov"))
	got := trivue(t, nil, "align", camera, telephone, "--json")
	assert.Equal(t, 0, got.code, got.stderr)
	assert.Contains(t, got.stdout, `"verdict":"exact"`)
}

// TestAlignTakesFilesOfSound has the camera's own sound in files without pictures: their samples must lie where the camera's do.
func TestAlignTakesFilesOfSound(t *testing.T) {
	camera := sample(t).Files[exam.Camera][0]
	for name, args := range map[string][]string{
		"recorder.wav":   {"-c:a", "pcm_s24le"},
		"gsm.wav":        {"-c:a", "libgsm_ms", "-ar", "8000", "-ac", "1"},
		"music.mp3":      {"-c:a", "libmp3lame"},
		"messenger.opus": {"-c:a", "libopus"},
		"recorder.flac":  {"-c:a", "flac"},
	} {
		file := ffmpeg(t, append(append([]string{"-i", camera, "-vn"}, args...), filepath.Join(t.TempDir(), name))...)
		got := trivue(t, nil, "align", camera, file, "--json")
		require.Equal(t, 0, got.code, "%s: %s", name, got.stderr)
		var answer align.Answer
		require.NoError(t, json.Unmarshal([]byte(got.stdout), &answer), got.stdout)
		assert.Equal(t, align.Exact, answer.Verdict, "%s: %s", name, answer.Reason)
		for _, p := range answer.Pieces {
			assert.InDelta(t, p.From, p.At(p.From), 0.002, name)
		}
	}
}

func TestAlignWithoutSoundIsAnAnswer(t *testing.T) {
	camera := sample(t).Files[exam.Camera][0]
	silent := ffmpeg(t, "-f", "lavfi", "-i", "testsrc=d=2", filepath.Join(t.TempDir(), "silent.webm"))
	got := trivue(t, nil, "align", camera, silent, "--json")
	assert.Equal(t, 0, got.code, got.stderr)
	assert.JSONEq(t, `{"verdict":"cannot-align","confidence":0,"pieces":[],"reason":"silent.webm has no sound"}`, got.stdout)
}

func TestAlignNamesAFileThatCannotBeRead(t *testing.T) {
	camera := sample(t).Files[exam.Camera][0]
	for name, c := range map[string]struct{ path, said string }{
		"missing": {filepath.Join(t.TempDir(), "nowhere.webm"), "no such file"},
		"folder":  {t.TempDir(), "it is a folder"},
		"empty":   {write(t, "empty.webm", nil), "the file is empty"},
		"text":    {write(t, "notes.webm", []byte(strings.Repeat("words ", 400))), "not a recording"},
	} {
		got := trivue(t, nil, "align", camera, c.path)
		assert.Equal(t, 1, got.code, name)
		assert.Contains(t, got.stderr, filepath.Base(c.path), name)
		assert.Contains(t, got.stderr, c.said, name)
		assert.Empty(t, got.stdout, name)
	}
	assertNoProcess(t)
}
