package wav_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/containertest"
	"github.com/trivue/trivue/pipeline/container/wav"
)

func le(v any) []byte {
	b, err := binary.Append(nil, binary.LittleEndian, v)
	if err != nil {
		panic(err)
	}
	return b
}

func chunk(id string, body []byte) []byte {
	b := append(append([]byte(id), le(uint32(len(body)))...), body...)
	return append(b, make([]byte, len(body)%2)...)
}

// format is a WAVEFORMATEX record.
func format(tag uint16, channels, rate, block, bits int, extra ...byte) []byte {
	b := bytes.Join([][]byte{le(tag), le(uint16(channels)), le(uint32(rate)), le(uint32(rate * block)), le(uint16(block)), le(uint16(bits))}, nil)
	return append(b, extra...)
}

// riff is a file of chunks.
func riff(chunks ...[]byte) []byte {
	body := append([]byte("WAVE"), bytes.Join(chunks, nil)...)
	return append(append([]byte("RIFF"), le(uint32(len(body)))...), body...)
}

// counting is a second of 16-bit sound whose samples are their numbers.
func counting() []byte {
	var b []byte
	for i := range 8000 {
		b = append(b, le(uint16(i))...)
	}
	return b
}

var telephone = format(1, 1, 8000, 2, 16)

func open(t testing.TB, data []byte) container.Reader {
	t.Helper()
	r, err := wav.Open(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	return r
}

// sound is all of a file's payload, whose packets must follow without holes.
func sound(t testing.TB, data []byte) ([]byte, container.Reader) {
	t.Helper()
	r := open(t, data)
	var all []byte
	var end time.Duration
	for _, p := range containertest.Drain(t, r, int64(len(data))) {
		assert.Equal(t, end, p.PTS)
		end = p.PTS + p.Duration
		all = append(all, p.Payload...)
	}
	return all, r
}

func TestSoundIsFoundWhateverTheHeadSaysOfIt(t *testing.T) {
	pcm := counting()
	list := chunk("LIST", []byte("INFOISFT\x04\x00\x00\x00Lavf\x00"))
	list = append(list, chunk("bext", make([]byte, 602))...)
	stated := func(size uint32, behind []byte) []byte {
		b := riff(chunk("fmt ", telephone), chunk("data", pcm))
		binary.LittleEndian.PutUint32(b[40:], size)
		return append(b, behind...)
	}
	wide := riff(chunk("ds64", bytes.Join([][]byte{le(uint64(1 << 40)), le(uint64(len(pcm))), le(uint64(8000)), le(uint32(0))}, nil)), chunk("fmt ", telephone), chunk("data", pcm), list)
	copy(wide, "RF64")
	copy(wide[12+8+28+8+16+4:], "\xff\xff\xff\xff")
	for name, data := range map[string][]byte{
		"plain":                   riff(chunk("fmt ", telephone), chunk("data", pcm)),
		"lists around it":         riff(list, chunk("fmt ", telephone), list, chunk("data", pcm), list),
		"size 0":                  stated(0, nil),
		"size of 32 ones":         stated(0xffffffff, nil),
		"sox's and arecord's":     stated(0x7ffff000, nil),
		"size of an earlier time": stated(4000, nil),
		"RF64 with a list":        wide,
		"an ID3 tag behind":       stated(16000, append([]byte("ID3\x04\x00\x00\x00\x00\x07\x76"), make([]byte, 1014)...)),
		"a little rubbish behind": stated(16000, []byte("\x01\x02\x03")),
		"an odd list, not padded": append(append(append([]byte("RIFF\x00\x00\x00\x00WAVEjunk\x03\x00\x00\x00abc"), chunk("fmt ", telephone)...), chunk("data", pcm)...), list...),
	} {
		t.Run(name, func(t *testing.T) {
			got, r := sound(t, data)
			assert.Equal(t, len(pcm), len(got))
			assert.True(t, bytes.Equal(pcm, got))
			assert.Equal(t, time.Second, r.Duration())
			assert.Empty(t, r.Damage())
			track := r.Tracks()[0]
			assert.Equal(t, container.Track{ID: 1, Kind: container.Audio, Codec: container.PCM, Samples: container.S16LE, SampleRate: 8000, Channels: 1}, track)
		})
	}
}

func TestATruncatedFileIsSaidToBe(t *testing.T) {
	whole := riff(chunk("fmt ", format(1, 2, 48000, 4, 16)), chunk("data", make([]byte, 192_000)))
	got, r := sound(t, whole[:96_047])
	assert.Len(t, got, 96_000)
	require.Len(t, r.Damage(), 1)
	d := r.Damage()[0]
	assert.Equal(t, container.Truncated, d.Cause)
	assert.Equal(t, 500*time.Millisecond, d.From)
	assert.EqualValues(t, 3, d.Bytes, "part of a sample")
}

func TestFormats(t *testing.T) {
	extensible := func(tag uint16) []byte {
		return append(append([]byte{22, 0, 24, 0, 4, 0, 0, 0}, le(tag)...), 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71)
	}
	for name, c := range map[string]struct {
		format  []byte
		codec   container.Codec
		samples container.SampleFormat
		block   int
	}{
		"8 bit":           {format(1, 2, 8000, 2, 8), container.PCM, container.U8, 2},
		"16 bit":          {format(1, 1, 44100, 2, 16), container.PCM, container.S16LE, 2},
		"20 bit":          {format(1, 1, 44100, 3, 20), container.PCM, container.S24LE, 3},
		"24 bit":          {format(1, 2, 96000, 6, 24), container.PCM, container.S24LE, 6},
		"24 bit in 32":    {format(1, 2, 96000, 8, 24), container.PCM, container.S32LE, 8},
		"32 bit":          {format(1, 1, 48000, 4, 32), container.PCM, container.S32LE, 4},
		"no block":        {format(1, 1, 48000, 0, 16), container.PCM, container.S16LE, 2},
		"float":           {format(3, 1, 48000, 4, 32), container.PCM, container.F32LE, 4},
		"double":          {format(3, 2, 48000, 16, 64), container.PCM, container.F64LE, 16},
		"A-law":           {format(6, 2, 8000, 2, 8), container.ALaw, "", 2},
		"µ-law":           {format(7, 1, 8000, 1, 8), container.MuLaw, "", 1},
		"GSM":             {format(0x31, 1, 8000, 65, 0, 2, 0, 0x40, 1), container.GSM, "", 65},
		"extensible":      {format(0xfffe, 2, 48000, 6, 24, extensible(1)...), container.PCM, container.S24LE, 6},
		"extensible real": {format(0xfffe, 2, 48000, 8, 32, extensible(3)...), container.PCM, container.F32LE, 8},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := wav.ParseFormat(c.format)
			require.NoError(t, err)
			assert.Equal(t, c.codec, f.Codec)
			assert.Equal(t, c.samples, f.Samples)
			assert.Equal(t, c.block, f.Block)
		})
	}
}

func TestGSMTimes(t *testing.T) {
	got, r := sound(t, riff(chunk("fmt ", format(0x31, 1, 8000, 65, 0, 2, 0, 0x40, 1)), chunk("fact", le(uint32(16000))), chunk("data", make([]byte, 50*65+7))))
	assert.Len(t, got, 50*65, "whole blocks only")
	assert.Equal(t, 2*time.Second, r.Duration())
}

func TestFilesWithoutAnythingToPlay(t *testing.T) {
	data := chunk("data", counting())
	for name, c := range map[string]struct {
		file   []byte
		reason container.Reason
		says   string
	}{
		"the head alone":    {riff(), container.HeaderOnly, "before its sound"},
		"no sound":          {riff(chunk("fmt ", telephone), chunk("data", nil)), container.HeaderOnly, "without any sound"},
		"no sound but list": {riff(chunk("fmt ", telephone), chunk("data", nil), chunk("LIST", make([]byte, 400))), container.HeaderOnly, "without any sound"},
		"no description":    {riff(data), container.NoTracks, "describe"},
		"IMA ADPCM":         {riff(chunk("fmt ", format(0x11, 1, 8000, 256, 4)), data), container.Unsupported, "IMA ADPCM"},
		"unheard of":        {riff(chunk("fmt ", format(0x7777, 1, 8000, 1, 8)), data), container.Unsupported, "0x7777"},
		"13 bytes a sample": {riff(chunk("fmt ", format(1, 1, 8000, 13, 104)), data), container.Unsupported, "104 bits"},
		"no channels":       {riff(chunk("fmt ", format(1, 0, 8000, 2, 16)), data), container.Unsupported, "0 channels"},
		"absurd rate":       {riff(chunk("fmt ", format(1, 1, 1<<30, 2, 16)), data), container.Unsupported, "per second"},
		"a week":            {riff(chunk("fmt ", format(1, 1, 1, 1, 8)), chunk("data", make([]byte, 100_000))), container.TooLarge, "lasts"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := wav.Open(bytes.NewReader(c.file), int64(len(c.file)))
			var unusable *container.UnusableError
			require.ErrorAs(t, err, &unusable)
			assert.Equal(t, c.reason, unusable.Reason)
			assert.Contains(t, unusable.Detail, c.says)
		})
	}
}

// failing fails as a disk does, behind some bytes.
type failing struct{ good []byte }

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > int64(len(f.good)) {
		return 0, io.ErrClosedPipe
	}
	return copy(p, f.good[off:]), nil
}

func TestTheOperatingSystemsErrorIsNotTheFiles(t *testing.T) {
	_, err := wav.Open(failing{}, 1000)
	require.ErrorIs(t, err, io.ErrClosedPipe)
	assert.NotErrorIs(t, err, container.ErrUnusable)
}

func FuzzReader(f *testing.F) {
	pcm := counting()[:2000]
	f.Add(riff(chunk("fmt ", telephone), chunk("data", pcm)))
	f.Add(riff(chunk("LIST", []byte("INFO")), chunk("fmt ", format(0x31, 1, 8000, 65, 0, 2, 0, 0x40, 1)), chunk("data", pcm), chunk("LIST", []byte("INFO"))))
	f.Add(riff(chunk("ds64", make([]byte, 28)), chunk("fmt ", format(3, 2, 48000, 16, 64)), chunk("data", pcm)))
	f.Add(riff(chunk("fmt ", format(0x55, 1, 48000, 1, 0)), chunk("data", bytes.Repeat(append([]byte("\xff\xf3\x44\xc4"), make([]byte, 92)...), 8))))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := wav.Open(bytes.NewReader(data), int64(len(data)))
		if err == nil {
			containertest.Drain(t, r, int64(len(data)))
		}
	})
}
