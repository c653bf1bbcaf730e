package gstx

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/stage"
)

// fileSound is what the sound stage's path gives of a file, from media time 0 at a rate.
func fileSound(t *testing.T, path string, rate int) []float64 {
	t.Helper()
	in, err := stage.Open(path)
	require.NoError(t, err)
	defer in.Close()
	require.Len(t, in.Tracks(), 1)
	var all []float64
	_, err = New().DecodeSound(context.Background(), in.Tracks()[0], packetsIn(in), rate, func(at time.Duration, samples []int16) error {
		place := int(math.Round(at.Seconds() * float64(rate)))
		for len(all) < place+len(samples) {
			all = append(all, 0)
		}
		for i, v := range samples {
			all[place+i] = float64(v) / 32768
		}
		return nil
	})
	require.NoError(t, err)
	return all
}

func packetsIn(in *stage.File) stage.Source {
	return func() (container.Packet, []byte, error) {
		p, err := in.Next()
		if err != nil {
			return p, nil, err
		}
		payload, err := in.Payload(nil)
		return p, payload, err
	}
}

// lagOf finds by how many samples a click lies behind its place, by the peak of the correlation with the click that was made.
func lagOf(sound, made []float64, place, rate int) float64 {
	const reach = 60 // samples to either side
	half := rate * 3 / 1000
	at := func(lag int) (sum float64) {
		for i := place - half; i < place+half; i++ {
			if j := i + lag; j >= 0 && j < len(sound) {
				sum += made[i] * sound[j]
			}
		}
		return sum
	}
	best := -reach
	for lag := -reach; lag <= reach; lag++ {
		if at(lag) > at(best) {
			best = lag
		}
	}
	// The peak of the parabola through the three highest.
	before, peak, behind := at(best-1), at(best), at(best+1)
	return float64(best) + 0.5*(before-behind)/(before-2*peak+behind)
}

const exactRate = 48000

// lameDelay is how many samples LAME puts before the first one, with what every decoder holds back.
const lameDelay = 576 + 529

// aacDelay is how many samples ffmpeg's AAC encoder puts before the first one.
const aacDelay = 1024

// madeClicks gives a click train as bytes for ffmpeg, and as numbers.
func madeClicks(rate int) (pcm []byte, made []float64) {
	pcm = clickTrain(rate, 4500*time.Millisecond, clickTimes)
	for b := pcm; len(b) > 0; b = b[2:] {
		made = append(made, float64(int16(binary.LittleEndian.Uint16(b)))/32768)
	}
	return pcm, made
}

// TestSoundFilesAreExactToTheSample has ffmpeg write a click train in every format that is read, and looks where the clicks are.
func TestSoundFilesAreExactToTheSample(t *testing.T) {
	const sample, millisecond = 1, exactRate / 1000
	for name, c := range map[string]struct {
		file   string
		args   []string
		within float64 // samples
	}{
		"WAV 16 bit":            {"a.wav", []string{"-c:a", "pcm_s16le"}, sample},
		"WAV 8 bit":             {"a.wav", []string{"-c:a", "pcm_u8"}, sample},
		"WAV 24 bit stereo":     {"a.wav", []string{"-c:a", "pcm_s24le", "-ac", "2"}, sample},
		"WAV 32 bit, 6 channel": {"a.wav", []string{"-c:a", "pcm_s32le", "-ac", "6"}, sample},
		"WAV float":             {"a.wav", []string{"-c:a", "pcm_f32le"}, sample},
		"WAV double":            {"a.wav", []string{"-c:a", "pcm_f64le"}, sample},
		"WAV µ-law":             {"a.wav", []string{"-c:a", "pcm_mulaw"}, sample},
		"WAV A-law":             {"a.wav", []string{"-c:a", "pcm_alaw"}, sample},
		"RF64":                  {"a.wav", []string{"-c:a", "pcm_s16le", "-rf64", "always"}, sample},
		"WAV GSM":               {"a.wav", []string{"-c:a", "libgsm_ms", "-ar", "8000"}, millisecond},
		"WAV MP3":               {"a.wav", []string{"-c:a", "libmp3lame", "-write_xing", "0"}, sample},
		"Matroska µ-law":        {"a.mkv", []string{"-c:a", "pcm_mulaw"}, sample},
		"Matroska MP3":          {"a.mkv", []string{"-c:a", "libmp3lame", "-b:a", "64k"}, sample},
		"MP4 MP3":               {"a.mp4", []string{"-c:a", "libmp3lame", "-b:a", "64k"}, sample},
		"Ogg Opus":              {"a.opus", []string{"-c:a", "libopus", "-b:a", "64k"}, sample},
		"Ogg Opus 60 ms":        {"a.opus", []string{"-c:a", "libopus", "-b:a", "48k", "-frame_duration", "60"}, sample},
		"Ogg Opus speech":       {"a.opus", []string{"-c:a", "libopus", "-b:a", "12k", "-application", "voip"}, millisecond},
		"Ogg Vorbis":            {"a.ogg", []string{"-c:a", "libvorbis", "-q:a", "5"}, sample},
		"Ogg Vorbis 44.1 kHz":   {"a.ogg", []string{"-c:a", "libvorbis", "-q:a", "5", "-ar", "44100", "-ac", "2"}, sample},
		"Ogg FLAC":              {"a.oga", []string{"-c:a", "flac"}, sample},
		"FLAC":                  {"a.flac", []string{"-c:a", "flac"}, sample},
		"FLAC 24 bit 96 kHz":    {"a.flac", []string{"-c:a", "flac", "-ar", "96000", "-sample_fmt", "s32", "-ac", "2"}, sample},
		"ADTS":                  {"a.aac", []string{"-c:a", "aac", "-b:a", "96k"}, sample},
		"MP3":                   {"a.mp3", []string{"-c:a", "libmp3lame", "-b:a", "64k"}, sample},
		"MP3 VBR":               {"a.mp3", []string{"-c:a", "libmp3lame", "-q:a", "4"}, sample},
		"MP3 24 kHz":            {"a.mp3", []string{"-c:a", "libmp3lame", "-b:a", "48k", "-ar", "24000"}, millisecond},
		"MP3 11 kHz":            {"a.mp3", []string{"-c:a", "libmp3lame", "-b:a", "32k", "-ar", "11025"}, millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			pcm, made := madeClicks(exactRate)
			path := filepath.Join(t.TempDir(), c.file)
			encoders := ffmpeg(t, nil, "-encoders")
			for i, a := range c.args {
				if a == "-c:a" && !strings.Contains(string(encoders), c.args[i+1]) {
					t.Skip("ffmpeg has no encoder " + c.args[i+1])
				}
			}
			ffmpeg(t, pcm, append(append([]string{"-f", "s16le", "-ar", fmt.Sprint(exactRate), "-ac", "1", "-i", "pipe:0"}, c.args...), path)...)
			_, err := os.Stat(path)
			require.NoError(t, err)
			sound := fileSound(t, path, exactRate)
			switch name { // nothing in these files tells of the encoder's delay
			case "WAV MP3", "Matroska MP3":
				sound = sound[lameDelay:]
			case "ADTS":
				sound = sound[aacDelay:]
			}
			assert.InDelta(t, len(made), len(sound), exactRate*0.07)
			for _, at := range clickTimes {
				place := int(at.Seconds() * exactRate)
				lag := lagOf(sound, made, place, exactRate)
				t.Logf("click at %v: %+.2f samples", at, lag)
				assert.InDelta(t, 0, lag, c.within, "click at %v", at)
			}
		})
	}
}

func TestAMRFiles(t *testing.T) {
	for name, rate := range map[string]int{"beeps.amr": 8000, "beeps.awb": 16000} {
		sound := fileSound(t, filepath.Join("..", "stage", "testdata", name), rate)
		assert.InDelta(t, 4*rate, len(sound), float64(rate)/50, name)
	}
}
