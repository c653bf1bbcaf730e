package mp4_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/internal/samples"
	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/bitstream"
	"github.com/trivue/trivue/pipeline/container/mp4"
)

// packet is what a test compares of a packet.
type packet struct {
	container.Packet
	hash [32]byte
}

func readAll(t testing.TB, data []byte) ([]packet, *mp4.Reader) {
	t.Helper()
	r, err := mp4.Open(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	var all []packet
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			require.EqualValues(t, len(data), r.Consumed(), "every byte is accounted for")
			return all, r
		}
		require.NoError(t, err)
		payload, err := r.Payload(nil)
		require.NoError(t, err)
		require.Len(t, payload, p.Size)
		all = append(all, packet{p, sha256.Sum256(payload)})
	}
}

// ofTrack gives one track's packets.
func ofTrack(all []packet, id int) []packet {
	return slices.DeleteFunc(slices.Clone(all), func(p packet) bool { return p.Track != id })
}

// rewrite copies a file's packets into a new one; forget drops what Matroska would not have told.
func rewrite(t testing.TB, data []byte, forget bool) []byte {
	t.Helper()
	r, err := mp4.Open(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	out, err := os.Create(filepath.Join(t.TempDir(), "out.mp4"))
	require.NoError(t, err)
	defer out.Close()
	tracks := r.Tracks()
	extent := container.Extent{Packets: map[int]int{}, Keys: map[int]int{}, Duration: 40 * time.Second}
	for i := range tracks {
		extent.Packets[tracks[i].ID] = 3000
		if forget {
			tracks[i].SampleEntry = nil
		}
	}
	w, err := mp4.NewWriter(out, tracks, extent)
	require.NoError(t, err)
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		payload, err := r.Payload(nil)
		require.NoError(t, err)
		if forget {
			p.DTS = container.NoTime
		}
		require.NoError(t, w.WritePacket(p, payload))
	}
	require.NoError(t, w.Close())
	written, err := os.ReadFile(out.Name())
	require.NoError(t, err)
	return written
}

// files gives the samples and, where ffmpeg is installed, what it makes of one of them: what phones and editors write.
func files(t testing.TB) map[string][]byte {
	t.Helper()
	makeFiles.Do(func() { made = allFiles(t) })
	if made == nil { // the test that came first was skipped in the middle of it
		t.Skip("the recordings could not be had")
	}
	return made
}

var (
	makeFiles sync.Once
	made      map[string][]byte
)

func allFiles(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, name := range []string{"camera-h264.mp4", "camera-h264-keyframes-2s.mp4", "camera-vp9.mp4", "phone-fragmented-h264-aac.mp4", "phone-portrait-rotated-h264.mp4", "whip-killed/cam_h264.mp4", "whip-killed/cam_vp9.mp4"} {
		data, err := os.ReadFile(samples.Path(t, "samples", name))
		require.NoError(t, err)
		all[name] = data
	}
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Log("ffmpeg is not installed: made files are left out")
		return all
	}
	scene := []string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=4", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=4"}
	for name, args := range map[string][]string{
		"moov at the end, B-frames.mp4": {"-c:v", "libx264", "-preset", "fast", "-bf", "3", "-c:a", "aac"},
		"QuickTime.mov":                 {"-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"},
		"fragmented B-frames.mp4":       {"-c:v", "libx264", "-bf", "2", "-g", "25", "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov+default_base_moof"},
		"variable frame rate.mp4":       {"-vf", "select='not(mod(n,7))+gt(mod(n,11),7)'", "-fps_mode", "vfr", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"},
		"HEVC.mp4":                      {"-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params", "log-level=none", "-c:a", "aac"},
	} {
		path := filepath.Join(t.TempDir(), name)
		out, err := exec.Command("ffmpeg", append(append(slices.Clone(scene), args...), path)...).CombinedOutput()
		require.NoError(t, err, string(out))
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		all[name] = data
	}
	return all
}

func TestRewritingARecordingKeepsEveryPacketAndItsTimes(t *testing.T) {
	for name, data := range files(t) {
		t.Run(name, func(t *testing.T) {
			before, r := readAll(t, data)
			require.Empty(t, r.Damage())
			tracks := r.Tracks()
			written := rewrite(t, data, false)
			after, r := readAll(t, written)
			require.Empty(t, r.Damage())
			require.Len(t, r.Tracks(), len(tracks))
			require.Less(t, bytes.Index(written, []byte("moov")), bytes.Index(written, []byte("mdat")), "the index is in front")
			for i, track := range tracks {
				assert.Equal(t, track.Codec, r.Tracks()[i].Codec)
				assert.Equal(t, track.Private, r.Tracks()[i].Private, "configuration of %s", track.Codec)
				assert.Equal(t, track.Rotation, r.Tracks()[i].Rotation)
				assertSame(t, ofTrack(before, track.ID), ofTrack(after, r.Tracks()[i].ID), true)
			}
		})
	}
}

func TestPicturesOutOfMatroskaGetDecodingTimes(t *testing.T) {
	for name, data := range files(t) {
		if strings.Contains(name, "vp9") {
			continue // without its sample entry, VP9 goes to WebM
		}
		t.Run(name, func(t *testing.T) {
			before, r := readAll(t, data)
			after, again := readAll(t, rewrite(t, data, true))
			for i, track := range r.Tracks() {
				packets := ofTrack(after, again.Tracks()[i].ID)
				assertSame(t, ofTrack(before, track.ID), packets, false)
				for k := 1; k < len(packets); k++ {
					require.GreaterOrEqual(t, packets[k].DTS, packets[k-1].DTS, "decoding times do not run back")
				}
			}
		})
	}
}

func assertSame(t *testing.T, before, after []packet, decoding bool) {
	t.Helper()
	require.Equal(t, len(before), len(after))
	for i := range before {
		require.Equal(t, before[i].hash, after[i].hash, "payload of packet %d", i)
		require.Equal(t, before[i].Key, after[i].Key, "key flag of packet %d", i)
		require.InDelta(t, float64(before[i].PTS), float64(after[i].PTS), float64(time.Microsecond), "time of packet %d", i)
		if decoding {
			require.InDelta(t, float64(before[i].DTS), float64(after[i].DTS), float64(time.Microsecond), "decoding time of packet %d", i)
		}
	}
}

func TestKeyFlagsAndPayloadsAgreeWithTheCodecs(t *testing.T) {
	for name, data := range files(t) {
		r, err := mp4.Open(bytes.NewReader(data), int64(len(data)))
		require.NoError(t, err)
		tracks := map[int]container.Track{}
		for _, track := range r.Tracks() {
			tracks[track.ID] = track
		}
		for {
			p, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			payload, err := r.Payload(nil)
			require.NoError(t, err)
			require.NoError(t, bitstream.Verify(tracks[p.Track], payload), "%s at %v", name, p.PTS)
			if key, known := bitstream.IsKey(tracks[p.Track], payload); known && p.Key != key {
				t.Errorf("%s at %v: key %v, the codec says %v", name, p.PTS, p.Key, key)
			}
		}
	}
}

func TestAPeerReadsWhatIsWritten(t *testing.T) {
	if _, err := exec.LookPath("ffprobe"); err != nil {
		t.Skip("ffprobe is not installed (make setup-test installs it)")
	}
	for name, data := range files(t) {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, probe(t, data), probe(t, rewrite(t, data, false)))
		})
	}
}

// probe asks a peer for number, times and flags of the packets and for the rotation.
func probe(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "probed.mp4")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	out, err := exec.Command("ffprobe", "-v", "error", "-count_packets", "-show_entries", "stream=index,codec_name,nb_read_packets,start_time,width,height:stream_side_data=rotation", "-of", "compact", path).CombinedOutput()
	require.NoError(t, err, string(out))
	return string(out)
}
