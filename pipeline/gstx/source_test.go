package gstx

import (
	"encoding/binary"
	"io"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/stage"
)

// packet is a packet in memory.
type packet struct {
	container.Packet
	payload []byte
}

// source gives packets as a stage.Source does: the payload is overwritten by the next call.
func source(packets []packet) stage.Source {
	var buf []byte
	return func() (container.Packet, []byte, error) {
		for i := range buf {
			buf[i] = 0xEE
		}
		if len(packets) == 0 {
			return container.Packet{}, nil, io.EOF
		}
		p := packets[0]
		packets = packets[1:]
		buf = append(buf[:0], p.payload...)
		return p.Packet, buf, nil
	}
}

// ffmpeg runs ffmpeg and gives what it writes.
func ffmpeg(t testing.TB, stdin []byte, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed")
	}
	cmd := exec.Command(path, append([]string{"-v", "error", "-nostdin"}, args...)...)
	if stdin != nil {
		cmd.Args = append([]string{path, "-v", "error"}, args...)
		cmd.Stdin = newReader(stdin)
	}
	out, err := cmd.Output()
	require.NoError(t, err, "ffmpeg %v", args)
	return out
}

func newReader(b []byte) io.Reader { return &byteReader{b} }

type byteReader struct{ b []byte }

func (r *byteReader) Read(p []byte) (int, error) {
	if len(r.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.b)
	r.b = r.b[n:]
	return n, nil
}

// readOpus takes an Ogg Opus stream apart (RFC 3533, RFC 7845). Times are those that Matroska would have with CodecDelay taken
// off: the first packet begins at minus the pre-skip.
func readOpus(t testing.TB, ogg []byte) (container.Track, []packet) {
	t.Helper()
	var whole [][]byte
	var part []byte
	for len(ogg) > 0 {
		require.Equal(t, "OggS", string(ogg[:4]))
		lacing := ogg[27 : 27+int(ogg[26])]
		body := ogg[27+len(lacing):]
		for _, n := range lacing {
			part = append(part, body[:n]...)
			body = body[n:]
			if n < 255 {
				whole = append(whole, part)
				part = nil
			}
		}
		ogg = body
	}
	head := whole[0]
	require.Equal(t, "OpusHead", string(head[:8]))
	track := container.Track{ID: 1, Kind: container.Audio, Codec: container.Opus, Private: head, SampleRate: 48000, Channels: int(head[9])}
	at := -int(binary.LittleEndian.Uint16(head[10:]))
	var packets []packet
	for _, b := range whole[2:] {
		packets = append(packets, packet{container.Packet{Track: 1, PTS: samplesAt48k(at), Key: true, DTS: container.NoTime, Size: len(b)}, b})
		at += 960
	}
	return track, packets
}

func samplesAt48k(n int) time.Duration { return time.Duration(n) * time.Second / 48000 }

// readADTS takes an ADTS stream apart (ISO/IEC 13818-7, 6.2). Times are those that an MP4 with an edit list gives: the
// encoder's priming lies before zero.
func readADTS(t testing.TB, adts []byte, priming int) (container.Track, []packet) {
	t.Helper()
	rates := []int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000}
	var track container.Track
	var packets []packet
	for n := 0; len(adts) > 0; n++ {
		require.Equal(t, byte(0xFF), adts[0])
		object, index, channels := adts[2]>>6+1, adts[2]>>2&15, adts[2]&1<<2|adts[3]>>6
		size := int(adts[3]&3)<<11 | int(adts[4])<<3 | int(adts[5])>>5
		header := 7
		if adts[1]&1 == 0 {
			header = 9
		}
		if n == 0 {
			config := uint16(object)<<11 | uint16(index)<<7 | uint16(channels)<<3
			track = container.Track{ID: 1, Kind: container.Audio, Codec: container.AAC, SampleRate: rates[index], Channels: int(channels),
				Private: binary.BigEndian.AppendUint16(nil, config)}
		}
		at := time.Duration(n*1024-priming) * time.Second / time.Duration(track.SampleRate)
		packets = append(packets, packet{container.Packet{Track: 1, PTS: at, Key: true, DTS: container.NoTime, Size: size - header}, adts[header:size]})
		adts = adts[size:]
	}
	return track, packets
}

// readIVF takes an IVF stream of VP8, VP9 or AV1 apart.
func readIVF(t testing.TB, codec container.Codec, ivf []byte) (container.Track, []packet) {
	t.Helper()
	require.Equal(t, "DKIF", string(ivf[:4]))
	track := container.Track{ID: 1, Kind: container.Video, Codec: codec,
		Width: int(binary.LittleEndian.Uint16(ivf[12:])), Height: int(binary.LittleEndian.Uint16(ivf[14:]))}
	num, den := binary.LittleEndian.Uint32(ivf[20:]), binary.LittleEndian.Uint32(ivf[16:])
	var packets []packet
	for rest := ivf[32:]; len(rest) > 0; {
		size, tick := binary.LittleEndian.Uint32(rest), binary.LittleEndian.Uint64(rest[4:])
		at := time.Duration(tick) * time.Second * time.Duration(num) / time.Duration(den)
		b := rest[12 : 12+size]
		packets = append(packets, packet{container.Packet{Track: 1, PTS: at, Key: codec != container.VP8 || b[0]&1 == 0, DTS: container.NoTime, Size: len(b)}, b})
		rest = rest[12+size:]
	}
	return track, packets
}
