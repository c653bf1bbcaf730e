package webm_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/webm"
)

// generated makes ten seconds of something that has the shape of a recording: a key frame every second, 60 ms of sound between.
func generated(t testing.TB, opts webm.Options) []byte {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "generated.webm"))
	require.NoError(t, err)
	defer out.Close()
	tracks := []container.Track{
		{ID: 1, Kind: container.Video, Codec: container.VP8, Width: 640, Height: 360},
		{ID: 2, Kind: container.Audio, Codec: container.Opus, SampleRate: 48000, Channels: 1},
	}
	w, err := webm.NewWriter(out, tracks, container.Extent{Keys: map[int]int{1: 10}, Duration: 10 * time.Second}, opts)
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, 2))
	for at := time.Duration(0); at < 10*time.Second; at += 20 * time.Millisecond {
		if at%(40*time.Millisecond) == 0 {
			require.NoError(t, w.WritePacket(container.Packet{Track: 1, PTS: at, DTS: container.NoTime, Key: at%time.Second == 0}, noise(random, 300)))
		}
		if at%(60*time.Millisecond) == 0 {
			require.NoError(t, w.WritePacket(container.Packet{Track: 2, PTS: at, DTS: container.NoTime, Key: true}, append([]byte{0x18}, noise(random, 60)...)))
		}
	}
	require.NoError(t, w.Close())
	data, err := os.ReadFile(out.Name())
	require.NoError(t, err)
	return data
}

// noise avoids bytes that could be taken for the head of an element, so that tests do not depend on luck.
func noise(random *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(2 + random.IntN(12))
	}
	return b
}

func TestDamageIsSteppedOverAndStated(t *testing.T) {
	for name, opts := range map[string]webm.Options{"sized": {}, "live": {Live: true}} {
		whole := generated(t, opts)
		packets, _ := readAll(t, whole)
		middle := packets[len(packets)/2].Offset
		for damage, c := range map[string]struct {
			data  []byte
			cause container.Cause
		}{
			"cut in a packet":       {whole[:middle+10], container.Truncated},
			"cut in a head":         {whole[:middle-3], container.Truncated},
			"zeros":                 {replaced(whole, middle, make([]byte, 8_000)), container.Hole},
			"garbage":               {replaced(whole, middle, bytes.Repeat([]byte{0x5a, 0x77, 0x81}, 3000)), container.Hole},
			"bytes missing":         {append(append([]byte{}, whole[:middle+7]...), whole[middle+8_007:]...), container.Hole},
			"bytes inserted":        {append(append(append([]byte{}, whole[:middle+7]...), make([]byte, 999)...), whole[middle+7:]...), container.Hole},
			"zeros in one packet":   {replaced(whole, middle+5, make([]byte, 40)), ""},
			"zeros up to the end":   {replaced(whole, middle, make([]byte, int64(len(whole))-middle)), container.Truncated},
			"a head's size damaged": {replaced(whole, middle-6, []byte{0x10, 0x7f}), container.Hole},
		} {
			t.Run(name+" "+damage, func(t *testing.T) {
				left, r := readAll(t, c.data)
				if c.cause == "" {
					assert.Len(t, left, len(packets), "what is inside a packet is not the container's to judge")
					return
				}
				require.Len(t, r.Damage(), 1)
				d := r.Damage()[0]
				assert.Equal(t, c.cause, d.Cause)
				assert.InDelta(t, 5.0, d.From.Seconds(), 1.1, "the loss begins where the good packets end")
				if c.cause == container.Hole {
					assert.GreaterOrEqual(t, d.To, d.From)
					assert.Less(t, d.To, 8*time.Second)
					assert.Greater(t, len(left), len(packets)*3/4)
					assertAfterLoss(t, left, d)
				}
				assertUnchanged(t, packets, left)
			})
		}
	}
}

// assertUnchanged checks that every packet that is left is one that was written, at its own time.
func assertUnchanged(t *testing.T, before, after []packet) {
	t.Helper()
	known := map[[32]byte]time.Duration{}
	for _, p := range before {
		known[p.hash] = p.PTS
	}
	for _, p := range after {
		at, ok := known[p.hash]
		assert.True(t, ok, "the packet at %v is not one that was written", p.PTS)
		assert.Equal(t, at, p.PTS)
	}
}

func assertAfterLoss(t *testing.T, left []packet, d container.Damage) {
	t.Helper()
	marked := map[int]int{}
	for _, p := range left {
		if p.AfterLoss {
			marked[p.Track]++
			assert.GreaterOrEqual(t, p.PTS, d.From)
		}
	}
	assert.Equal(t, map[int]int{1: 1, 2: 1}, marked, "the first packet of each track behind the loss is marked")
}

func replaced(b []byte, at int64, with []byte) []byte {
	b = append([]byte{}, b...)
	copy(b[at:], with)
	return b
}

func TestARecorderThatWasStartedAgainIntoTheSameFile(t *testing.T) {
	one := generated(t, webm.Options{Live: true})
	packets, r := readAll(t, append(append([]byte{}, one...), one...))
	single, _ := readAll(t, one)
	require.Len(t, packets, 2*len(single))
	assert.Greater(t, packets[len(packets)-1].PTS, 19*time.Second, "times go on")
	require.NotEmpty(t, r.Damage(), "the seam is stated")
}

func TestFilesWithoutAnythingToPlay(t *testing.T) {
	whole := generated(t, webm.Options{})
	cluster := bytes.Index(whole, []byte{0x1f, 0x43, 0xb6, 0x75})
	for name, c := range map[string]struct {
		data   []byte
		reason container.Reason
	}{
		"nothing but the EBML header": {whole[:40], container.HeaderOnly},
		"headers without clusters":    {whole[:cluster], container.HeaderOnly},
		"absurd dimensions":           {bytes.Replace(whole, []byte{0xb0, 0x82, 0x02, 0x80}, []byte{0xb0, 0x82, 0xff, 0xff}, 1), container.TooLarge},
		"no known codec":              {bytes.ReplaceAll(bytes.ReplaceAll(whole, []byte("V_VP8"), []byte("V_XXX")), []byte("A_OPUS"), []byte("A_XXXX")), container.NoTracks},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := webm.Open(bytes.NewReader(c.data), int64(len(c.data)))
			var unusable *container.UnusableError
			require.ErrorAs(t, err, &unusable)
			assert.Equal(t, c.reason, unusable.Reason, unusable.Detail)
		})
	}
}

func FuzzReader(f *testing.F) {
	for _, opts := range []webm.Options{{}, {Live: true}} {
		f.Add(generated(f, opts)[:16_000])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := webm.Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		var total int
		for n := 0; ; n++ {
			p, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("reading from memory fails: %v", err)
			}
			payload, err := r.Payload(nil)
			if err != nil || len(payload) != p.Size {
				t.Fatalf("payload of %d bytes: %d, %v", p.Size, len(payload), err)
			}
			total += p.Size
			if n > len(data) {
				t.Fatal("more packets than bytes")
			}
		}
		if r.Consumed() != int64(len(data)) {
			t.Fatalf("%d of %d bytes are accounted for", r.Consumed(), len(data))
		}
		if total > 64*len(data)+64 {
			t.Fatalf("%d bytes of payload out of %d", total, len(data))
		}
	})
}
