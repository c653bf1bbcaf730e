package mp3_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/containertest"
	"github.com/trivue/trivue/pipeline/container/mp3"
)

// sample is a second of 24 kHz mono at 32 kbit/s (cbr.mp3) or half a second of 44.1 kHz stereo (vbr.mp3), by LAME through ffmpeg.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return data
}

func read(t testing.TB, data []byte) ([]containertest.Packet, container.Reader) {
	t.Helper()
	r, err := mp3.Open(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	return containertest.Drain(t, r, int64(len(data))), r
}

func TestSampleZeroIsTheRecorders(t *testing.T) {
	for name, c := range map[string]struct {
		rate, channels int
		length         time.Duration
		samples        int // in a frame
	}{
		"cbr.mp3": {24000, 1, time.Second, 576},
		"vbr.mp3": {44100, 2, 500 * time.Millisecond, 1152},
	} {
		packets, r := read(t, sample(t, name))
		track := r.Tracks()[0]
		assert.Equal(t, container.Track{ID: 1, Kind: container.Audio, Codec: container.MP3, SampleRate: c.rate, Channels: c.channels}, track)
		const lame, decoder = 576, 529
		assert.Equal(t, container.SamplesToTime(-lame-decoder, c.rate), packets[0].PTS)
		last := packets[len(packets)-1]
		assert.Equal(t, c.length, last.PTS+last.Duration, "the padding is cut off")
		assert.Equal(t, c.length, r.Duration())
		assert.Empty(t, r.Damage())
		for i, p := range packets[1 : len(packets)-1] {
			assert.InDelta(t, container.SamplesToTime(int64(c.samples), c.rate), p.Duration, 1)
			assert.Equal(t, packets[i].PTS+packets[i].Duration, p.PTS)
		}
	}
}

// bare is the sample's frames alone, which say nothing of delay and padding; each has 96 bytes.
func bare(t testing.TB) []byte {
	data := sample(t, "cbr.mp3")
	first := bytes.Index(data, []byte("\xff\xf3\x44\xc4"))
	return data[first : len(data)-128]
}

const frame = 96

func TestTagsAreNotSound(t *testing.T) {
	frames := bare(t)
	plain, _ := read(t, frames)
	require.Len(t, plain, len(frames)/frame)
	id3v2 := append([]byte("ID3\x04\x00\x00\x00\x00\x08\x00"), bytes.Repeat([]byte("\xff\xf3\x44\xc4"), 256)...)
	id3v1 := append([]byte("TAG"), make([]byte, 125)...)
	ape := "APETAGEX\xd0\x07\x00\x00\x28\x00\x00\x00\x01\x00\x00\x00"
	apeTag := []byte(ape + "\x00\x00\x00\xa0........" + "eightby." + ape + "\x00\x00\x00\x80........")
	lyrics := []byte("LYRICSBEGININD00002100000022LYRICS200")
	copy(lyrics[len(lyrics)-15:], "000022")
	for name, data := range map[string][]byte{
		"ID3v2 in front":       append(id3v2[:len(id3v2):len(id3v2)], frames...),
		"two of them":          append(append(id3v2[:len(id3v2):len(id3v2)], id3v2...), frames...),
		"ID3v1 behind":         append(frames[:len(frames):len(frames)], id3v1...),
		"APE behind":           append(frames[:len(frames):len(frames)], apeTag...),
		"APE and ID3v1 behind": append(append(frames[:len(frames):len(frames)], apeTag...), id3v1...),
		"APE in front":         append(apeTag[:len(apeTag):len(apeTag)], frames...),
		"lyrics behind":        append(append(frames[:len(frames):len(frames)], lyrics...), id3v1...),
		"a tag in the middle":  append(append(frames[:10*frame:10*frame], id3v2...), frames[10*frame:]...),
		"zeros in front":       append(make([]byte, 700), frames...),
	} {
		t.Run(name, func(t *testing.T) {
			packets, r := read(t, data)
			assert.Empty(t, r.Damage())
			require.Len(t, packets, len(plain))
			for i := range plain {
				assert.Equal(t, plain[i].PTS, packets[i].PTS)
				assert.Equal(t, plain[i].Payload, packets[i].Payload)
			}
		})
	}
}

func TestDamageIsSteppedOverAndStated(t *testing.T) {
	frames := bare(t)
	plain, _ := read(t, frames)
	at := func(n int) time.Duration { return plain[n].PTS }
	over := func(from, to int, with byte) []byte {
		b := bytes.Clone(frames)
		copy(b[from:to], bytes.Repeat([]byte{with}, to-from))
		return b
	}
	for name, c := range map[string]struct {
		data     []byte
		from, to time.Duration
		cause    container.Cause
		next     int // number of the first good frame behind the damage, 0 for none
	}{
		"zeros in whole frames":    {over(10*frame, 20*frame, 0), at(9), at(20), container.Hole, 20},
		"zeros from the middle on": {over(10*frame+40, 19*frame+50, 0), at(10), at(20), container.Hole, 20},
		"rubbish":                  {over(10*frame-5, 15*frame, 0xff), at(9), at(15), container.Hole, 15},
		"cut in a frame":           {frames[:20*frame+50], at(20), at(20), container.Truncated, 0},
		"zeros to the end":         {over(20*frame, len(frames), 0), at(19), at(19), container.Truncated, 0},
		"begins in the middle":     {frames[60:], 0, 0, container.Hole, 1},
	} {
		t.Run(name, func(t *testing.T) {
			packets, r := read(t, c.data)
			require.Len(t, r.Damage(), 1)
			d := r.Damage()[0]
			assert.Equal(t, c.cause, d.Cause)
			assert.InDelta(t, c.from, d.From, 1)
			assert.InDelta(t, c.to, d.To, 1)
			marked := 0
			for _, p := range packets {
				if p.AfterLoss {
					marked++
					assert.Equal(t, plain[c.next].Payload, p.Payload)
					assert.Equal(t, plain[c.next].PTS, p.PTS, "its time is what it was")
				}
			}
			assert.Equal(t, c.next > 1, marked == 1)
		})
	}
}

func TestFilesWithoutAnythingToPlay(t *testing.T) {
	for name, data := range map[string][]byte{
		"a tag alone":  append([]byte("ID3\x04\x00\x00\x00\x00\x08\x00"), make([]byte, 1024)...),
		"text":         []byte(strings.Repeat("words ", 100)),
		"half a frame": bare(t)[:50],
	} {
		_, err := mp3.Open(bytes.NewReader(data), int64(len(data)))
		var unusable *container.UnusableError
		require.ErrorAs(t, err, &unusable, name)
		assert.Equal(t, container.HeaderOnly, unusable.Reason, name)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(sample(f, "cbr.mp3"))
	f.Add(sample(f, "vbr.mp3"))
	f.Add(bare(f)[60:1000])
	f.Add(append(bytes.Clone(bare(f)[:500]), bare(f)[600:1500]...))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := mp3.Open(bytes.NewReader(data), int64(len(data)))
		if err == nil {
			containertest.Drain(t, r, int64(len(data)))
		}
	})
}
