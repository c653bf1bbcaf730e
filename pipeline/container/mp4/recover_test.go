package mp4_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	peer "github.com/Eyevinn/mp4ff/mp4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/mp4"
)

func TestMissingBytesCostOnlyTheFragmentTheyAreIn(t *testing.T) {
	for _, name := range []string{"camera-h264.mp4", "phone-fragmented-h264-aac.mp4"} {
		t.Run(name, func(t *testing.T) {
			whole := mustRead(t, name)
			packets, _ := readAll(t, whole)
			moof, next := nthFragment(whole, 3), nthFragment(whole, 4)
			cut := (moof + next) / 2
			left, r := readAll(t, append(append([]byte{}, whole[:cut]...), whole[cut+20_000:]...))
			require.Len(t, r.Damage(), 1)
			damage := r.Damage()[0]
			assert.Equal(t, container.Hole, damage.Cause)
			assert.Less(t, damage.From, damage.To)
			kept := map[[32]byte]bool{}
			resumed := map[int]bool{}
			for _, p := range left {
				kept[p.hash] = true
				if p.AfterLoss {
					resumed[p.Track] = true
				}
			}
			assert.Len(t, resumed, len(r.Tracks()), "each track says where it goes on after the loss")
			for _, p := range packets {
				if p.Offset < int64(moof) || p.Offset > int64(next) {
					require.True(t, kept[p.hash], "packet at %v, byte %d, outside of the damaged fragment", p.PTS, p.Offset)
				}
			}
		})
	}
}

func TestAPauseIsNoLoss(t *testing.T) {
	whole := mustRead(t, "camera-h264.mp4")
	from, to := nthFragment(whole, 3), nthFragment(whole, 4)
	data := append(append([]byte{}, whole[:from]...), whole[to:]...)
	_, r := readAll(t, data)
	require.NotEmpty(t, r.Damage(), "a number is left out: a fragment is missing")
	for n, at := 3, nthFragment(data, 3); ; n++ { // number them as a recorder does that was paused
		binary.BigEndian.PutUint32(data[at+20:], uint32(n))
		i := bytes.Index(data[at+8:], []byte("moof"))
		if i < 0 {
			break
		}
		at += 8 + i - 4
	}
	_, r = readAll(t, data)
	assert.Empty(t, r.Damage())
}

func TestCutsAtManyPlacesKeepWhatIsWhole(t *testing.T) {
	fragmented := mustRead(t, "camera-h264-keyframes-2s.mp4")
	for name, whole := range map[string][]byte{"fragmented": fragmented, "index in front": rewrite(t, fragmented, false)} {
		t.Run(name, func(t *testing.T) {
			packets, _ := readAll(t, whole)
			var ends time.Duration
			for _, p := range packets {
				ends = max(ends, p.PTS+p.Duration)
			}
			known := map[[32]byte]container.Packet{}
			for _, p := range packets {
				known[p.hash] = p.Packet
			}
			last := 0
			media := int(packets[0].Offset)
			for i := range 60 {
				size := media + (len(whole)-media)*i/60 + i
				left, r := readAll(t, whole[:size])
				for _, p := range left {
					before, ok := known[p.hash]
					require.True(t, ok, "cut at %d: a packet that was not there", size)
					require.Equal(t, before, p.Packet)
				}
				require.GreaterOrEqual(t, len(left), last, "cut at %d", size)
				last = len(left)
				require.Len(t, r.Damage(), 1, "cut at %d", size)
				assert.Equal(t, container.Truncated, r.Damage()[0].Cause)
				assert.LessOrEqual(t, r.Damage()[0].Bytes, int64(size))
				if name == "index in front" {
					assert.Equal(t, ends, r.Damage()[0].To, "the index still says how long it was")
				}
			}
		})
	}
}

func TestRotationsAgreeWithAPeer(t *testing.T) {
	for rotation, peer := range map[int]string{0: "", 90: "rotation=-90", 180: "rotation=-180", 270: "rotation=90"} {
		t.Run(fmt.Sprint(rotation), func(t *testing.T) {
			data := rewriteAs(t, mustRead(t, "camera-h264-keyframes-2s.mp4"), func(tracks []container.Track) {
				tracks[0].Rotation, tracks[0].Language = rotation, "deu"
			})
			_, r := readAll(t, data)
			assert.Equal(t, rotation, r.Tracks()[0].Rotation)
			assert.Equal(t, "deu", r.Tracks()[0].Language)
			if _, err := exec.LookPath("ffprobe"); err != nil {
				t.Skip("ffprobe is not installed (make setup-test installs it)")
			}
			if probed := probe(t, data); peer == "" {
				assert.NotContains(t, probed, "rotation")
			} else {
				assert.Contains(t, probed, peer)
			}
		})
	}
}

func rewriteAs(t *testing.T, data []byte, change func([]container.Track)) []byte {
	t.Helper()
	r, err := mp4.Open(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "out.mp4")
	out, err := os.Create(path)
	require.NoError(t, err)
	defer out.Close()
	tracks := r.Tracks()
	change(tracks)
	require.NoError(t, remux(r, out, tracks, container.Extent{}))
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	return written
}

func remux(r *mp4.Reader, out io.WriteSeeker, tracks []container.Track, extent container.Extent) error {
	w, err := mp4.NewWriter(out, tracks, extent)
	if err != nil {
		return err
	}
	var buf []byte
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			return w.Close()
		}
		if err != nil {
			return err
		}
		if buf, err = r.Payload(buf[:0]); err != nil {
			return err
		}
		if err := w.WritePacket(p, buf); err != nil {
			return err
		}
	}
}

func TestWithoutRoomTheIndexGoesToTheEnd(t *testing.T) {
	whole := mustRead(t, "camera-h264.mp4")
	written := rewriteAs(t, whole, func([]container.Track) {})
	assert.Greater(t, bytes.LastIndex(written, []byte("moov")), len(written)/2)
	before, _ := readAll(t, whole)
	after, r := readAll(t, written)
	require.Empty(t, r.Damage())
	assertSame(t, ofTrack(before, 1), ofTrack(after, 1), true)
}

func TestAMakersOwnBoxesAreNoDamage(t *testing.T) {
	whole := mustRead(t, "camera-h264.mp4")
	packets, _ := readAll(t, whole)
	own := append([]byte{0, 0, 1, 0}, "sefd"...)
	own = append(own, bytes.Repeat([]byte{7}, 248)...)
	at := nthFragment(whole, 3)
	data := append(append(append(append([]byte{}, whole[:at]...), own...), whole[at:]...), own...)
	left, r := readAll(t, data)
	assert.Empty(t, r.Damage())
	assert.Len(t, left, len(packets))
}

// TestOpusOfGStreamer has a dOps that was written little-endian; browsers read only the other order.
func TestOpusOfGStreamer(t *testing.T) {
	data := mustRead(t, "whip-killed/cam_h264.mp4")
	i := bytes.Index(data, []byte("dOps"))
	require.Equal(t, []byte{0x80, 0xbb, 0, 0}, data[i+8:i+12])
	_, r := readAll(t, data)
	assert.Equal(t, 2, r.Tracks()[1].Channels)
	written := rewrite(t, data, false)
	i = bytes.Index(written, []byte("dOps"))
	assert.Equal(t, []byte{0, 0, 0xbb, 0x80}, written[i+8:i+12])
}

func TestBrokenSamples(t *testing.T) {
	_, err := mp4.Open(bytes.NewReader(mustRead(t, "broken/trunc100.mp4")), 100)
	var unusable *container.UnusableError
	require.ErrorAs(t, err, &unusable)
	assert.Equal(t, container.NoIndex, unusable.Reason)

	packets, r := readAll(t, mustRead(t, "broken/trunc50_frag.mp4"))
	assert.Greater(t, len(packets), 500)
	require.Len(t, r.Damage(), 1)
	assert.Equal(t, container.Truncated, r.Damage()[0].Cause)
}

// TestSourcesWithALongPause has more ticks between two packets than 32 bits hold.
func TestSourcesWithALongPause(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.mp4")
	out, err := os.Create(path)
	require.NoError(t, err)
	defer out.Close()
	track := container.Track{ID: 1, Kind: container.Video, Codec: container.H264, Private: []byte{1, 66, 0, 30, 0xff, 0xe0, 0}, Width: 64, Height: 48}
	w, err := mp4.NewWriter(out, []container.Track{track}, container.Extent{})
	require.NoError(t, err)
	times := []time.Duration{0, 33 * time.Millisecond, 3*time.Hour + 7*time.Millisecond, 3*time.Hour + 40*time.Millisecond}
	for _, at := range times {
		require.NoError(t, w.WritePacket(container.Packet{Track: 1, PTS: at, DTS: container.NoTime, Key: true}, []byte{1, 2, 3}))
	}
	require.NoError(t, w.Close())
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	packets, _ := readAll(t, data)
	for i, p := range packets {
		assert.Equal(t, times[i], p.PTS)
	}
	require.Len(t, packets, len(times))
}

// TestAnotherLibraryReadsWhatIsWritten decodes every box of what is written.
func TestAnotherLibraryReadsWhatIsWritten(t *testing.T) {
	for name, data := range files(t) {
		file, err := peer.DecodeFile(bytes.NewReader(rewrite(t, data, false)))
		require.NoError(t, err, name)
		require.NotNil(t, file.Moov, name)
		for _, trak := range file.Moov.Traks {
			stbl := trak.Mdia.Minf.Stbl
			var samples uint32
			for _, n := range stbl.Stts.SampleCount {
				samples += n
			}
			assert.Equal(t, stbl.Stsz.SampleNumber, samples, name)
			assert.Len(t, stbl.Stsd.Children, 1, name)
		}
	}
}

func TestClaimsCostNoMemory(t *testing.T) {
	whole := mustRead(t, "camera-h264.mp4")
	head := whole[:nthFragment(whole, 1)]
	full := func(kind string, fields ...uint32) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(8+4*len(fields)))
		b = append(b, kind...)
		for _, f := range fields {
			b = binary.BigEndian.AppendUint32(b, f)
		}
		return b
	}
	wrap := func(kind string, body []byte) []byte {
		return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), kind...), body...)
	}
	traf := full("tfhd", 0x020018, 1, 512, 1) // each sample lasts 512 ticks and has one byte
	for range 500 {
		traf = append(traf, full("trun", 1, 1<<32-1, 0)...)
	}
	data := append(append([]byte{}, head...), wrap("moof", append(full("mfhd", 0, 1), wrap("traf", traf)...))...)
	data = append(data, wrap("mdat", make([]byte, 100_000))...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := mp4.Open(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	n := 0
	for ; ; n++ {
		if _, err := r.Next(); err != nil {
			require.ErrorIs(t, err, io.EOF)
			break
		}
	}
	runtime.ReadMemStats(&after)
	assert.Less(t, n, 1_000_000)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20))
	assert.EqualValues(t, len(data), r.Consumed())
}
