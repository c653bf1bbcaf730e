package stage_test

import (
	"encoding/binary"
	"image"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/gstx"
	"github.com/trivue/trivue/pipeline/stage"
)

// scene is four seconds of which every whole second begins with a beep and a white picture: recordings of it tell by themselves
// whether sound and picture are in step.
var scene = []string{"-f", "lavfi", "-i", "color=black:size=176x144:rate=25:duration=4,drawbox=color=white:t=fill:enable='lt(mod(t,1),0.1)'"}

var beeps = []string{"-f", "lavfi", "-i", "aevalsrc='0.8*sin(2*PI*1000*t)*lt(mod(t,1),0.05)':s=48000:d=4"}

// record has ffmpeg write a recording of the scene, with the beeps or with a file of them.
func record(t testing.TB, name string, sound []string, args string) string {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed (make setup-test installs it)")
	}
	path := filepath.Join(t.TempDir(), name)
	all := append(append([]string{"-v", "error", "-nostdin"}, scene...), sound...)
	out, err := exec.Command("ffmpeg", append(append(all, strings.Fields(args)...), path)...).CombinedOutput()
	require.NoError(t, err, string(out))
	return path
}

const (
	avc = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 25 "
	hvc = "-c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1 -g 25 "
)

// TestWhatRecordersWriteBecomesPlayableInStep goes through the containers and codecs of browsers and phones.
func TestWhatRecordersWriteBecomesPlayableInStep(t *testing.T) {
	if testing.Short() {
		t.Skip("encodes many recordings")
	}
	for name, c := range map[string]struct {
		sound []string
		args  string
		codec container.Codec
	}{
		"sowt 16.mov":         {beeps, avc + "-c:a pcm_s16le", container.PCM},
		"twos 16.mov":         {beeps, avc + "-c:a pcm_s16be", container.PCM},
		"twos 8.mov":          {beeps, avc + "-c:a pcm_s8", container.PCM},
		"in24.mov":            {beeps, avc + "-c:a pcm_s24be", container.PCM},
		"in24 turned.mov":     {beeps, avc + "-c:a pcm_s24le", container.PCM},
		"in32 turned.mov":     {beeps, avc + "-c:a pcm_s32le -ac 2", container.PCM},
		"lpcm 96 k float.mov": {beeps, avc + "-c:a pcm_f32le -ar 96000", container.PCM},
		"fl32.mov":            {beeps, avc + "-c:a pcm_f32be", container.PCM},
		"fl64 turned.mov":     {beeps, avc + "-c:a pcm_f64le", container.PCM},
		"raw.mov":             {beeps, avc + "-c:a pcm_u8", container.PCM},
		"ulaw.mov":            {beeps, avc + "-c:a pcm_mulaw -ar 8000", container.MuLaw},
		"alaw.mov":            {beeps, avc + "-c:a pcm_alaw -ar 8000 -ac 2", container.ALaw},
		"alac.mov":            {beeps, avc + "-c:a alac", container.ALAC},
		"mp3.mp4":             {beeps, avc + "-c:a libmp3lame", container.MP3},
		"ac3.mp4":             {beeps, avc + "-c:a ac3", container.AC3},
		"h263 amr.3gp":        {[]string{"-i", "testdata/beeps.amr"}, "-c:v h263 -c:a copy", container.AMRNB},
		"mpeg4 amr-wb.3gp":    {[]string{"-i", "testdata/beeps.awb"}, "-c:v mpeg4 -q:v 3 -c:a copy", container.AMRWB},
		"chrome pcm.mkv":      {beeps, avc + "-c:a pcm_f32le -f matroska -live 1", container.PCM},
		"pcm be.mkv":          {beeps, avc + "-c:a pcm_s24be -f matroska", container.PCM},
		"flac.mkv":            {beeps, avc + "-c:a flac", container.FLAC},
		"firefox.webm":        {beeps, "-c:v libvpx -deadline realtime -g 25 -c:a libopus -f webm -live 1", container.Opus},
		"safari.mp4":          {beeps, avc + "-c:a aac -movflags frag_keyframe+empty_moov+default_base_moof+delay_moov", container.AAC},
		"safari hevc.mp4":     {beeps, hvc + "-c:a alac -movflags frag_keyframe+empty_moov+default_base_moof+delay_moov", container.ALAC},
		"safari pcm.mov":      {beeps, avc + "-c:a pcm_s16le -movflags frag_keyframe+empty_moov+default_base_moof+delay_moov", container.PCM},
		"android hdr.mp4": {beeps, strings.Replace(hvc, "log-level=none", "log-level=none:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc", 1) +
			"-pix_fmt yuv420p10le -video_track_timescale 90000 -c:a aac -metadata:s:v rotate=90", container.AAC},
	} {
		t.Run(name, func(t *testing.T) {
			m := makeAll(t, record(t, name, c.sound, c.args))
			require.NotNil(t, m.inspection.Audio)
			assert.Equal(t, c.codec, m.inspection.Audio.Codec)
			assert.Empty(t, m.playback.LeftOut)
			assertInStep(t, m)
		})
	}
}

// assertInStep reads picture and sound of the playback file.
func assertInStep(t testing.TB, m made) {
	t.Helper()
	require.NotNil(t, m.playback.Video)
	require.NotNil(t, m.playback.Audio)
	assert.Empty(t, m.playback.Damage)
	flashes, sounds := flashes(t, m.path), onsets(t, filepath.Join(m.dir, stage.SoundFile))
	require.Len(t, flashes, 4, "flashes at %v", flashes)
	require.Len(t, sounds, 4, "beeps at %v", sounds)
	for i := range flashes {
		assert.InDelta(t, flashes[i].Seconds(), sounds[i].Seconds(), 0.012, "beep and flash %d", i)
		assert.InDelta(t, float64(i), flashes[i].Seconds(), 0.01)
	}
}

// flashes gives the times at which pictures turn white.
func flashes(t testing.TB, path string) []time.Duration {
	t.Helper()
	in, err := stage.Open(path)
	require.NoError(t, err)
	defer in.Close()
	var video container.Track
	for _, track := range in.Tracks() {
		if track.Kind == container.Video {
			video = track
		}
	}
	source := func() (container.Packet, []byte, error) {
		for {
			p, err := in.Next()
			if err != nil || p.Track == video.ID {
				if err != nil {
					return p, nil, err
				}
				payload, err := in.Payload(nil)
				return p, payload, err
			}
		}
	}
	var all []time.Duration
	white := false
	_, err = gstx.New().DecodePictures(t.Context(), video, source, image.Pt(16, 16), func(time.Duration) bool { return true },
		func(at time.Duration, picture *image.RGBA) error {
			bright := picture.Pix[4*8+picture.Stride*(picture.Rect.Dy()/2)] > 128
			if bright && !white {
				all = append(all, at)
			}
			white = bright
			return nil
		})
	require.NoError(t, err)
	return all
}

// onsets gives the times at which loud sound begins after silence.
func onsets(t testing.TB, path string) []time.Duration {
	t.Helper()
	pcm, err := os.ReadFile(path)
	require.NoError(t, err)
	var all []time.Duration
	last := -stage.SoundRate
	for i := 0; 2*i+1 < len(pcm); i++ {
		if v := int16(binary.LittleEndian.Uint16(pcm[2*i:])); math.Abs(float64(v)) > 6000 {
			if i-last > stage.SoundRate/2 {
				all = append(all, time.Duration(i)*time.Second/stage.SoundRate)
			}
			last = i
		}
	}
	return all
}
