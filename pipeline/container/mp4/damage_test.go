package mp4_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/internal/samples"
	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/mp4"
)

func TestDamagedFragmentsAreSteppedOverAndStated(t *testing.T) {
	for _, name := range []string{"camera-h264-keyframes-2s.mp4", "phone-fragmented-h264-aac.mp4"} {
		whole, err := os.ReadFile(samples.Path(t, "samples", name))
		require.NoError(t, err)
		packets, r := readAll(t, whole)
		tracks := r.Tracks()
		moof := nthFragment(whole, 3)
		next := nthFragment(whole, 4)
		for damage, c := range map[string]struct {
			data  []byte
			cause container.Cause
		}{
			"cut in a fragment's head":  {whole[:moof+20], container.Truncated},
			"cut in a fragment's media": {whole[:moof+(next-moof)*2/3], container.Truncated},
			"zeros over a head":         {replaced(whole, moof, make([]byte, 200)), container.Hole},
			"a fragment missing":        {append(append([]byte{}, whole[:moof]...), whole[next:]...), container.Hole},
			"bytes missing in media":    {append(append([]byte{}, whole[:next-30_000]...), whole[next-10_000:]...), container.Hole},
		} {
			t.Run(name+" "+damage, func(t *testing.T) {
				left, r := readAll(t, c.data)
				require.NotEmpty(t, r.Damage())
				assert.Equal(t, c.cause, r.Damage()[0].Cause)
				assert.Less(t, len(left), len(packets))
				if c.cause == container.Hole {
					assert.Greater(t, len(left), len(packets)/2)
					assert.Less(t, r.Damage()[0].From, r.Damage()[0].To)
				}
				known := map[[32]byte]time.Duration{}
				for _, p := range packets {
					known[p.hash] = p.PTS
				}
				foreign := 0
				for _, p := range left {
					if _, ok := known[p.hash]; !ok && p.Track == tracks[0].ID {
						foreign++
					}
				}
				assert.LessOrEqual(t, foreign, 1, "at most the packet at the very edge of the loss is not what was written")
			})
		}
	}
}

// nthFragment gives the offset of a fragment's moof.
func nthFragment(data []byte, n int) int {
	at := 0
	for range n {
		at += bytes.Index(data[at:], []byte("moof")) + 4
	}
	return at - 8
}

func replaced(b []byte, at int, with []byte) []byte {
	b = append([]byte{}, b...)
	copy(b[at:], with)
	return b
}

func TestAFileCutBehindItsIndexKeepsWhatIsThere(t *testing.T) {
	whole := rewrite(t, mustRead(t, "camera-h264.mp4"), false)
	packets, _ := readAll(t, whole)
	left, r := readAll(t, whole[:len(whole)/2])
	require.Len(t, r.Damage(), 1)
	assert.Equal(t, container.Truncated, r.Damage()[0].Cause)
	assert.InDelta(t, len(packets)/2, len(left), float64(len(packets))/5)
	assert.InDelta(t, 12, r.Damage()[0].From.Seconds(), 3)
}

func TestFilesWithoutAnythingToPlay(t *testing.T) {
	whole := mustRead(t, "camera-h264.mp4")
	moov := bytes.Index(whole, []byte("moov")) - 4
	for name, c := range map[string]struct {
		data   []byte
		reason container.Reason
	}{
		"no index":          {whole[:moov], container.NoIndex},
		"half an index":     {whole[:moov+200], container.NoIndex},
		"encrypted":         {bytes.ReplaceAll(whole, []byte("avc1"), []byte("encv")), container.Unsupported},
		"no known codec":    {bytes.ReplaceAll(bytes.ReplaceAll(whole, []byte("avc1"), []byte("xxxx")), []byte("Opus"), []byte("yyyy")), container.NoTracks},
		"absurd dimensions": {bytes.Replace(whole, []byte{0x02, 0x80, 0x01, 0xe0, 0, 0x48}, []byte{0xff, 0xff, 0xff, 0xff, 0, 0x48}, 1), container.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := mp4.Open(bytes.NewReader(c.data), int64(len(c.data)))
			var unusable *container.UnusableError
			require.ErrorAs(t, err, &unusable)
			assert.Equal(t, c.reason, unusable.Reason, unusable.Detail)
			if c.reason == container.NoTracks {
				assert.Contains(t, unusable.Detail, "xxxx", "it says what was found")
			}
		})
	}
}

func mustRead(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(samples.Path(t, "samples", name))
	require.NoError(t, err)
	return data
}

// small makes a few packets of something that has the shape of a recording, as a file with its index in front.
func small(t testing.TB) []byte {
	t.Helper()
	out, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer out.Close()
	tracks := []container.Track{
		{ID: 1, Kind: container.Video, Codec: container.VP9, Private: []byte{1, 0, 0, 0, 0, 10, 0x82, 2, 2, 2, 0, 0}, Width: 64, Height: 48, Rotation: 90},
		{ID: 2, Kind: container.Audio, Codec: container.Opus, SampleRate: 48000, Channels: 1},
	}
	w, err := mp4.NewWriter(out, tracks, container.Extent{Packets: map[int]int{1: 50, 2: 50}, Keys: map[int]int{1: 5}, Duration: 2 * time.Second})
	require.NoError(t, err)
	for i := range 40 {
		at := time.Duration(i) * 40 * time.Millisecond
		require.NoError(t, w.WritePacket(container.Packet{Track: 1, PTS: at + 10*time.Millisecond, DTS: container.NoTime, Key: i%10 == 0}, bytes.Repeat([]byte{0x82}, 20+i)))
		require.NoError(t, w.WritePacket(container.Packet{Track: 2, PTS: at - 6500*time.Microsecond, DTS: container.NoTime, Key: true, Duration: 40 * time.Millisecond}, bytes.Repeat([]byte{0x10}, 30)))
	}
	require.NoError(t, w.Close())
	data, err := os.ReadFile(out.Name())
	require.NoError(t, err)
	return data
}

func FuzzReader(f *testing.F) {
	f.Add(small(f))
	if data, err := os.ReadFile("testdata/fragmented.mp4"); err == nil {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := mp4.Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		given := 0
		for n := 0; ; n++ {
			p, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("reading from memory fails: %v", err)
			}
			if payload, err := r.Payload(nil); err != nil || len(payload) != p.Size {
				t.Fatalf("payload of %d bytes: %d, %v", p.Size, len(payload), err)
			}
			// No sample is in a file twice; an index that says so is not followed for ever.
			if given += p.Size; given > 3*len(data)*container.MaxTracks {
				t.Fatalf("packet %d: %d bytes out of a file of %d", n, given, len(data))
			}
		}
		if r.Consumed() != int64(len(data)) {
			t.Fatalf("%d of %d bytes are accounted for", r.Consumed(), len(data))
		}
	})
}
