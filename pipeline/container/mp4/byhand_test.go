package mp4_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/bitstream"
	"github.com/trivue/trivue/pipeline/container/mp4"
)

// box writes a box of a kind around its parts.
func box(kind string, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), kind...), body...)
}

// words writes numbers of 32 bits. The first of a full box is its version and flags.
func words(values ...uint32) (b []byte) {
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

// TestCompactSampleSizes puts an stz2 (ISO/IEC 14496-12, 8.7.3.3) in place of the stsz of a file; a free box fills what it saves.
func TestCompactSampleSizes(t *testing.T) {
	for name, c := range map[string]struct{ bits, largest int }{"4 bits": {4, 15}, "8 bits": {8, 255}, "16 bits": {16, 60_000}} {
		t.Run(name, func(t *testing.T) {
			out, err := os.Create(filepath.Join(t.TempDir(), "sound.mp4"))
			require.NoError(t, err)
			defer out.Close()
			const packets = 51 // an odd number: half a byte is left over
			sizes := make([]int, packets)
			w, err := mp4.NewWriter(out, []container.Track{{ID: 1, Kind: container.Audio, Codec: container.Opus, SampleRate: 48000, Channels: 1}},
				container.Extent{Packets: map[int]int{1: packets}, Duration: time.Second})
			require.NoError(t, err)
			for i := range sizes {
				sizes[i] = 1 + (i*7919)%c.largest
				require.NoError(t, w.WritePacket(container.Packet{Track: 1, PTS: time.Duration(i) * 20 * time.Millisecond, DTS: container.NoTime, Key: true,
					Duration: 20 * time.Millisecond}, bytes.Repeat([]byte{byte(i)}, sizes[i])))
			}
			require.NoError(t, w.Close())
			whole, err := os.ReadFile(out.Name())
			require.NoError(t, err)
			before, _ := readAll(t, whole)
			require.Len(t, before, packets)

			at := bytes.Index(whole, []byte("stsz")) - 4
			length := int(binary.BigEndian.Uint32(whole[at:]))
			table := make([]byte, (packets*c.bits+7)/8)
			for i, size := range sizes {
				switch c.bits {
				case 4:
					table[i/2] |= byte(size << (4 * (1 - i%2)))
				case 8:
					table[i] = byte(size)
				case 16:
					binary.BigEndian.PutUint16(table[2*i:], uint16(size))
				}
			}
			compact := box("stz2", words(0, uint32(c.bits), packets), table)
			after, r := readAll(t, replaced(whole, at, append(compact, box("free", make([]byte, length-len(compact)-8))...)))
			assert.Equal(t, before, after)
			assert.Empty(t, r.Damage())

			compact[15] = 12 // bits that no size has
			hostile := replaced(whole, at, append(compact, box("free", make([]byte, length-len(compact)-8))...))
			_, err = mp4.Open(bytes.NewReader(hostile), int64(len(hostile)))
			assert.ErrorContains(t, err, "12 bits")
		})
	}
}

// pictures gives an encoded scene's track and packets.
func pictures(t *testing.T, encoder, size string) (container.Track, [][]byte) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed (make setup-test installs it)")
	}
	path := filepath.Join(t.TempDir(), "scene.mp4")
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size="+size+":rate=10:duration=1", "-c:v", encoder, "-preset", "ultrafast",
		"-pix_fmt", "yuv420p", "-bf", "0", "-g", "5", path).CombinedOutput()
	require.NoError(t, err, string(out))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	r, err := mp4.Open(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	var payloads [][]byte
	for range 10 {
		_, err := r.Next()
		require.NoError(t, err)
		payload, err := r.Payload(nil)
		require.NoError(t, err)
		payloads = append(payloads, payload)
	}
	return r.Tracks()[0], payloads
}

// twoDescriptions makes a file whose only track is described by two sample entries (8.5.2): ten pictures of each, every fifth a key
// picture, ten a second, all pictures of a description in one chunk (8.7.4).
func twoDescriptions(first, second container.Track, media ...[]byte) []byte {
	const pictures = 20
	head := box("ftyp", []byte("isom"), words(0), []byte("isom"))
	chunk := uint32(len(head) + 8)
	sizes := words(0, 0, pictures)
	var half int
	for i, payload := range media {
		sizes = append(sizes, words(uint32(len(payload)))...)
		if i < pictures/2 {
			half += len(payload)
		}
	}
	table := box("stbl",
		box("stsd", words(0, 2), first.SampleEntry, second.SampleEntry),
		box("stts", words(0, 1, pictures, 100)),
		box("stsc", words(0, 2, 1, pictures/2, 1, 2, pictures/2, 2)),
		box("stsz", sizes),
		box("stss", words(0, 4, 1, 6, 11, 16)),
		box("stco", words(0, 2, chunk, chunk+uint32(half))))
	matrix := words(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
	header := box("tkhd", words(3, 0, 0, 1, 0, 2000, 0, 0, 0, 0), matrix, words(uint32(first.Width)<<16, uint32(first.Height)<<16))
	moov := box("moov",
		box("mvhd", words(0, 0, 0, 1000, 2000, 0x10000, 0x1000000, 0, 0), matrix, words(0, 0, 0, 0, 0, 0, 2)),
		box("trak", header, box("mdia",
			box("mdhd", words(0, 0, 0, 1000, 2000, 0x55c40000)),
			box("hdlr", words(0, 0), []byte("vide"), words(0, 0, 0), []byte{0}),
			box("minf", table))))
	return bytes.Join([][]byte{head, box("mdat", media...), moov}, nil)
}

// TestADescriptionThatChangesInTheMiddle: a phone that was turned, or a recorder whose window changed its size, adds a sample entry.
func TestADescriptionThatChangesInTheMiddle(t *testing.T) {
	for _, encoder := range []string{"libx264", "libx265"} {
		t.Run(encoder, func(t *testing.T) {
			first, early := pictures(t, encoder, "320x240")
			second, late := pictures(t, encoder, "160x128")
			media := append(append([][]byte{}, early...), late...)
			data := twoDescriptions(first, second, media...)
			r, err := mp4.Open(bytes.NewReader(data), int64(len(data)))
			require.NoError(t, err)
			require.Len(t, r.Tracks(), 1)
			assert.True(t, r.Tracks()[0].Changing)
			assert.Equal(t, first.Private, r.Tracks()[0].Private)
			for i, want := range media {
				p, err := r.Next()
				require.NoError(t, err)
				assert.Equal(t, time.Duration(i)*100*time.Millisecond, p.PTS)
				got, err := r.Payload(nil)
				require.NoError(t, err)
				own := first
				if i >= len(early) {
					own = second
				}
				var sets []byte
				if i%5 == 0 {
					var ok bool
					sets, ok = bitstream.ParameterSets(own, first.Private)
					require.True(t, ok)
					assert.True(t, p.Key)
				}
				assert.Equal(t, append(sets, want...), got, "picture %d with the parameter sets of its own description", i)
			}
			assert.Empty(t, r.Damage())
		})
	}
}

// TestADescriptionOfAnotherCodec: what no decoder of the track could take is stated, and not given.
func TestADescriptionOfAnotherCodec(t *testing.T) {
	first, early := pictures(t, "libx264", "320x240")
	second, late := pictures(t, "libx265", "320x240")
	packets, r := readAll(t, twoDescriptions(first, second, append(append([][]byte{}, early...), late...)...))
	assert.Len(t, packets, 10)
	assert.False(t, r.Tracks()[0].Changing)
	require.Len(t, r.Damage(), 1)
	assert.Equal(t, container.Undecodable, r.Damage()[0].Cause)
	assert.Equal(t, time.Second, r.Damage()[0].From)
	assert.Equal(t, 2*time.Second, r.Damage()[0].To)
}
