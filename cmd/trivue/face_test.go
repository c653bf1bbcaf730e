package main

import (
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/facematch/models"
	"github.com/trivue/trivue/internal/samples"
)

func TestFaceCompareAnswersInWordsAndJSON(t *testing.T) {
	folder, a, b := samples.Path(t, "models"), samples.Path(t, "faces", "obama_1.jpg"), samples.Path(t, "faces", "obama_2.jpg")
	r := trivue(t, nil, "face", "compare", a, b, "--models", folder)
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, "obama_1.jpg: 910 × 1137, faces: 1")
	require.Contains(t, r.stdout, "same: distance 0.5")
	assertNoProcess(t)

	r = trivue(t, nil, "face", "compare", a, b, "--models", folder, "--threshold", "0.3", "--json")
	require.Zero(t, r.code, r.stderr)
	require.NotContains(t, r.stdout, "descriptor", "biometric data is not printed")
	var answer struct {
		Verdict   string
		Distance  float64
		Threshold float64
		Pictures  []struct {
			File  string
			Model string
			Faces []struct {
				Quality struct{ Size, Sharpness, Brightness float64 }
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &answer))
	require.Equal(t, "different", answer.Verdict)
	require.Equal(t, 0.3, answer.Threshold)
	require.Greater(t, answer.Distance, 0.3)
	require.Len(t, answer.Pictures, 2)
	require.Len(t, answer.Pictures[1].Faces, 1)
	require.Positive(t, answer.Pictures[1].Faces[0].Quality.Sharpness)
	require.Len(t, answer.Pictures[1].Model, 40)
}

func TestFaceCompareWithoutAFaceIsAnAnswer(t *testing.T) {
	r := trivue(t, nil, "face", "compare", samples.Path(t, "faces", "noface_1.jpg"), samples.Path(t, "faces", "manyfaces_1.jpg"), "--models", samples.Path(t, "models"))
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, "no face was found")
	require.Contains(t, r.stdout, "there are several faces")
	require.Contains(t, r.stdout, "unsure: nothing to compare")
}

func TestFaceCompareSaysWhatIsMissing(t *testing.T) {
	photo, empty := samples.Path(t, "faces", "obama_1.jpg"), t.TempDir()
	for _, test := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{photo, photo, "--models", empty}, 1, "trivue face models --to " + empty},
		{[]string{photo, filepath.Join(empty, "none.jpg"), "--models", samples.Path(t, "models")}, 1, "no such file"},
		{[]string{samples.Path(t, "faces", "README.md"), photo, "--models", samples.Path(t, "models")}, 1, "README.md: this is not a JPEG, PNG or WebP picture"},
		{[]string{photo, photo, "--threshold", "7"}, 2, "--threshold 7: give a distance"},
		{[]string{photo, photo, "--model", "best"}, 2, "must be one of"},
	} {
		r := trivue(t, nil, append([]string{"face", "compare"}, test.args...)...)
		require.Equal(t, test.code, r.code, r.stderr)
		require.Contains(t, r.stderr, test.says)
	}
}

func TestFaceCalibrate(t *testing.T) {
	folder, drawn := samples.Path(t, "models"), filepath.Join(t.TempDir(), "roc.png")
	r := trivue(t, nil, "face", "calibrate", samples.Path(t, "faces"), "--models", folder, "--far", "0.02", "--plot", drawn, "--json")
	require.Zero(t, r.code, r.stderr)
	var answer struct {
		People, Pictures int
		AUC              float64
		Suggested        struct{ Threshold, FAR, FRR float64 }
		Unused           []struct{ File, Why string }
		Doubts           []string
		Model            string
	}
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &answer))
	require.Equal(t, []int{5, 13}, []int{answer.People, answer.Pictures})
	require.Len(t, answer.Unused, 2)
	require.LessOrEqual(t, answer.Suggested.FAR, 0.02)
	require.NotEmpty(t, answer.Doubts)
	require.Greater(t, answer.AUC, 0.9)
	f, err := os.Open(drawn)
	require.NoError(t, err)
	defer f.Close()
	_, err = png.DecodeConfig(f)
	require.NoError(t, err)

	r = trivue(t, nil, "face", "calibrate", t.TempDir(), "--models", folder)
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "there is no JPEG, PNG or WebP picture in")
	r = trivue(t, nil, "face", "calibrate", samples.Path(t, "faces"), "--models", t.TempDir())
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "face models are not installed")
}

func TestFaceModelsRefusesWhatIsNotOfficial(t *testing.T) {
	to := filepath.Join(t.TempDir(), "models")
	r := trivue(t, nil, "face", "models", "--to", to, "--from", samples.Path(t, "models"))
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "is not the official file")
	require.NoFileExists(t, filepath.Join(to, models.Landmarks.Name))

	r = trivue(t, nil, "face", "models", "--to", to, "--from", "http://127.0.0.1:1")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "--from")
}
