package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image/png"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/demo"
	"github.com/trivue/trivue/timeline"
)

// seen is what the browser reports.
type seen struct {
	Timeline timeline.Timeline `json:"timeline"`
	Shots    []struct {
		Now      float64            `json:"now"`
		Errors   map[string]float64 `json:"errors"`
		Pictures map[string]string  `json:"pictures"`
	} `json:"shots"`
	Faults []string `json:"faults"`
}

// TestThreeRecordingsPlayInSync goes the whole way in a real browser: what three cameras saw at one moment is on screen at one
// moment. The recordings carry a time-code of the scene, which is read off the pictures.
func TestThreeRecordingsPlayInSync(t *testing.T) {
	needsBrowser(t)
	made := sample(t)
	s := start(t, t.TempDir())
	pictures := t.TempDir()
	if keep := os.Getenv("TRIVUE_PICTURES"); keep != "" {
		pictures = keep
	}
	cmd := exec.Command("node", append([]string{"browser.mjs", s.address, password, pictures}, filesOf(made)...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	require.NoError(t, err, said.String())
	var report seen
	require.NoError(t, json.Unmarshal(out, &report))
	assert.Empty(t, report.Faults, "errors in the page")
	require.NoError(t, report.Timeline.Validate())
	for _, r := range report.Timeline.Recordings {
		for _, take := range r.Takes {
			assert.NotEqual(t, timeline.Unplaced, take.Placed, "%s: %s", take.Source.Name, take.Reason)
		}
	}

	var spreads []time.Duration
	for _, shot := range report.Shots {
		var codes []time.Duration
		for _, encoded := range shot.Pictures {
			if code, ok := timecode(t, encoded); ok {
				codes = append(codes, code)
			}
		}
		if len(codes) == 3 {
			spreads = append(spreads, slices.Max(codes)-slices.Min(codes))
		}
	}
	require.GreaterOrEqual(t, len(spreads), 5, "time-codes could be read on most pictures")
	slices.Sort(spreads)
	median := spreads[len(spreads)/2]
	t.Logf("spread of the three time-codes on screen: median %v, most %v (a picture lasts 67 ms)", median, spreads[len(spreads)-1])
	// Each picture lasts 67 ms, and each recording changes pictures at moments of its own: up to one picture apart is in sync. The
	// rest is for a loaded machine without a graphics card.
	assert.Less(t, median, 140*time.Millisecond)
}

func timecode(t *testing.T, encoded string) (time.Duration, bool) {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	if len(data) == 0 {
		return 0, false
	}
	picture, err := png.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	return demo.ReadTimecode(picture)
}
