package ogg_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/containertest"
	"github.com/trivue/trivue/pipeline/container/ogg"
)

// sample is a tone by ffmpeg, a tenth of a second to a page: 1.2 s of Opus (sine.opus), 0.7 s of Vorbis (sine.ogg), 0.5 s of FLAC
// (sine.oga).
func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return data
}

var samples = []string{"sine.opus", "sine.ogg", "sine.oga"}

func read(t testing.TB, data []byte) ([]containertest.Packet, container.Reader) {
	t.Helper()
	r, err := ogg.Open(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	return containertest.Drain(t, r, int64(len(data))), r
}

// pages cuts a file at its pages.
func pages(t testing.TB, data []byte) (all [][]byte) {
	t.Helper()
	for len(data) > 0 {
		require.Equal(t, "OggS", string(data[:4]))
		n := 27 + int(data[26])
		for _, segment := range data[27:n] {
			n += int(segment)
		}
		all, data = append(all, slices.Clone(data[:n])), data[n:]
	}
	return all
}

// sealed gives a page its checksum, reckoned bit by bit (RFC 3533, 6).
func sealed(page []byte) []byte {
	binary.LittleEndian.PutUint32(page[22:], 0)
	var crc uint32
	for _, b := range page {
		for bit := 7; bit >= 0; bit-- {
			top := crc>>31 ^ uint32(b>>bit&1)
			crc = crc<<1 ^ top*0x04c11db7
		}
	}
	binary.LittleEndian.PutUint32(page[22:], crc)
	return page
}

func end(p containertest.Packet) time.Duration { return p.PTS + p.Duration }

func TestTimesComeFromPositions(t *testing.T) {
	for name, c := range map[string]struct {
		codec    container.Codec
		rate     int
		packets  int
		from, to time.Duration
	}{
		"sine.opus": {container.Opus, 48000, 61, -6500 * time.Microsecond, 1200 * time.Millisecond}, // pre-skip of 312 samples; 20 ms packets, the last of which is cut
		"sine.ogg":  {container.Vorbis, 44100, 32, 0, 700 * time.Millisecond},
		"sine.oga":  {container.FLAC, 16000, 8, 0, 500 * time.Millisecond},
	} {
		packets, r := read(t, sample(t, name))
		track := r.Tracks()[0]
		assert.Equal(t, container.Ogg, r.Format())
		assert.Equal(t, c.codec, track.Codec)
		assert.Equal(t, c.rate, track.SampleRate)
		assert.Equal(t, 1, track.Channels)
		assert.Empty(t, r.Damage())
		assert.Empty(t, r.Foreign())
		assert.Len(t, packets, c.packets, name)
		assert.Equal(t, c.from, packets[0].PTS, name)
		assert.InDelta(t, c.to, end(packets[len(packets)-1]), 2, name)
		for i := range packets[1:] {
			assert.InDelta(t, end(packets[i]), packets[i+1].PTS, 2, "%s packet %d", name, i)
		}
	}
}

func TestALostPageIsSteppedOverAndStated(t *testing.T) {
	for _, name := range samples {
		whole := pages(t, sample(t, name))
		plain, _ := read(t, bytes.Join(whole, nil))
		type moment struct {
			payload string
			at      time.Duration
		}
		known := map[moment]bool{}
		for _, p := range plain {
			known[moment{string(p.Payload), p.PTS.Round(time.Microsecond)}] = true
		}
		lost := len(whole) - 3
		corrupt := slices.Clone(whole)
		corrupt[lost] = slices.Clone(whole[lost])
		corrupt[lost][len(whole[lost])-5] ^= 0x40
		zeroed := slices.Clone(whole)
		zeroed[lost] = make([]byte, len(whole[lost]))
		for how, data := range map[string][]byte{
			"missing": bytes.Join(slices.Delete(slices.Clone(whole), lost, lost+1), nil),
			"corrupt": bytes.Join(corrupt, nil),
			"zeroed":  bytes.Join(zeroed, nil),
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				packets, r := read(t, data)
				require.Len(t, r.Damage(), 1)
				d := r.Damage()[0]
				assert.Equal(t, container.Hole, d.Cause)
				assert.Greater(t, d.To-d.From, 50*time.Millisecond)
				assert.Less(t, d.To-d.From, 250*time.Millisecond)
				marked := 0
				for _, p := range packets {
					if p.AfterLoss {
						marked++
						assert.GreaterOrEqual(t, p.PTS, d.From)
					}
					// Vorbis' first block after a loss gives nothing: it is only what the next one overlaps with.
					stays := known[moment{string(p.Payload), p.PTS.Round(time.Microsecond)}] || p.AfterLoss && p.Duration == 0
					assert.True(t, stays, "what is left stays at its time: %v", p.PTS)
				}
				assert.Equal(t, 1, marked)
				assert.Less(t, len(packets), len(plain))
			})
		}
	}
}

func TestAFileThatWasCut(t *testing.T) {
	for _, name := range samples {
		data := sample(t, name)
		plain, _ := read(t, data)
		packets, r := read(t, data[:len(data)-300])
		assert.Less(t, len(packets), len(plain))
		for i, p := range packets {
			assert.Equal(t, plain[i].PTS, p.PTS)
		}
		require.Len(t, r.Damage(), 1, name)
		assert.Equal(t, container.Truncated, r.Damage()[0].Cause)
	}
}

// renumbered gives a copy of a stream another serial number, which the links of a chain have.
func renumbered(t testing.TB, data []byte, serial uint32) []byte {
	var all []byte
	for _, p := range pages(t, data) {
		binary.LittleEndian.PutUint32(p[14:], serial)
		all = append(all, sealed(p)...)
	}
	return all
}

func TestLinksOfAChainFollowOn(t *testing.T) {
	for _, name := range samples {
		one := sample(t, name)
		plain, _ := read(t, one)
		length := end(plain[len(plain)-1])
		for how, second := range map[string][]byte{"another serial number": renumbered(t, one, 77), "the same": one} {
			packets, r := read(t, append(slices.Clone(one), second...))
			require.Len(t, packets, 2*len(plain), "%s, %s", name, how)
			behind := packets[len(plain):]
			assert.True(t, behind[0].AfterLoss)
			for i, p := range behind {
				assert.InDelta(t, length+plain[i].PTS, p.PTS, 2)
			}
			require.Len(t, r.Damage(), 1, "the seam is stated")
			assert.InDelta(t, length, r.Damage()[0].From, 2)
			assert.Len(t, r.Tracks(), 1)
		}
	}
}

func TestALinkThatNoDecoderOfTheFirstTakesIsStated(t *testing.T) {
	one, other := sample(t, "sine.opus"), renumbered(t, sample(t, "sine.oga"), 5)
	plain, _ := read(t, one)
	packets, r := read(t, slices.Concat(one, other, renumbered(t, one, 6)))
	require.Len(t, packets, 2*len(plain))
	assert.InDelta(t, 1700*time.Millisecond, packets[len(plain)].PTS+6500*time.Microsecond, 3, "its time has passed")
	var unused time.Duration
	for _, d := range r.Damage() {
		if d.Cause == container.Undecodable {
			unused += d.To - d.From
		}
	}
	assert.InDelta(t, 500*time.Millisecond, unused, 5)
}

func TestACapturedStreamBeginsAtZero(t *testing.T) {
	var data []byte
	for i, p := range pages(t, sample(t, "sine.opus")) {
		if i >= 2 { // an hour into a broadcast
			binary.LittleEndian.PutUint64(p[6:], binary.LittleEndian.Uint64(p[6:])+3600*48000)
		}
		data = append(data, sealed(p)...)
	}
	packets, _ := read(t, data)
	plain, _ := read(t, sample(t, "sine.opus"))
	for i, p := range packets {
		assert.Equal(t, plain[i].PTS, p.PTS)
	}
}

func TestAnotherStreamBesideItIsStated(t *testing.T) {
	sound := pages(t, sample(t, "sine.opus"))
	beside := func(first string, serial uint32) []byte {
		p := append([]byte("OggS\x00\x02"), make([]byte, 22)...)
		binary.LittleEndian.PutUint32(p[14:], serial)
		p[26], p[27] = 1, byte(len(first))
		return sealed(append(p, first...))
	}
	packets, r := read(t, slices.Concat(beside("fishead\x00........", 1), beside("\x80theora..........", 2), sound[0], beside("Speex   1.2.......", 3), bytes.Join(sound[1:], nil)))
	assert.Len(t, packets, 61)
	assert.Equal(t, []container.Foreign{{ID: 1, Kind: container.Video, Format: "Theora"}, {ID: 2, Kind: container.Audio, Format: "Speex"}}, r.Foreign())
	assert.Equal(t, 3, r.Tracks()[0].ID)
	assert.Empty(t, r.Damage())
}

func TestFilesWithoutAnythingToPlay(t *testing.T) {
	opus := pages(t, sample(t, "sine.opus"))
	for name, c := range map[string]struct {
		data   []byte
		reason container.Reason
		says   string
	}{
		"headers alone":          {slices.Concat(opus[0], opus[1]), container.HeaderOnly, "no sound"},
		"its beginning is lost":  {bytes.Join(opus[3:], nil), container.NoTracks, "beginning"},
		"half a page":            {opus[0][:30], container.NoTracks, "beginning"},
		"another codec":          {bytes.Join(opus[:1], nil), container.NoTracks, "beginning"},
		"Vorbis without its own": {pages(t, sample(t, "sine.ogg"))[0], container.NoTracks, "beginning"},
	} {
		_, err := ogg.Open(bytes.NewReader(c.data), int64(len(c.data)))
		var unusable *container.UnusableError
		require.ErrorAs(t, err, &unusable, name)
		assert.Equal(t, c.reason, unusable.Reason, name)
		assert.Contains(t, unusable.Detail, c.says, name)
	}
}

// FuzzReader has its bytes' checksums put right, or hardly any page would be read.
func FuzzReader(f *testing.F) {
	for _, name := range samples {
		data := sample(f, name)
		f.Add(data, true)
		f.Add(data[:1500], false)
		f.Add(append(slices.Clone(data[:2500]), renumbered(f, data, 9)[:800]...), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, seal bool) {
		if seal {
			data = slices.Clone(data)
			for at := 0; at >= 0 && at+27 < len(data); {
				n := 27 + int(data[at+26])
				for _, segment := range data[min(at+27, len(data)):min(at+n, len(data))] {
					n += int(segment)
				}
				if string(data[at:at+4]) == "OggS" && at+n <= len(data) {
					sealed(data[at : at+n])
				}
				next := bytes.Index(data[at+1:], []byte("OggS"))
				if next < 0 {
					break
				}
				at += 1 + next
			}
		}
		r, err := ogg.Open(bytes.NewReader(data), int64(len(data)))
		if err == nil {
			containertest.Drain(t, r, int64(len(data)))
		}
	})
}
