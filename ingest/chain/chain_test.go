package chain

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// vector is a take as the browser's side computes it too: web/test/capture/chain.test.ts.
type vector struct {
	Take, Kind, Mime, First, File string
	Chunks                        []struct {
		Data, Link string
		Ms         uint32
	}
}

func vectors(t testing.TB) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	require.NoError(t, err)
	var all []vector
	require.NoError(t, json.Unmarshal(text, &all))
	require.NotEmpty(t, all)
	return all
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

// media is what was uploaded of a vector's take.
func (v vector) media(t testing.TB) []byte {
	t.Helper()
	var all []byte
	for _, c := range v.Chunks {
		all = append(all, unhex(t, c.Data)...)
	}
	return all
}

func TestTheChainIsWhatTheBrowserComputes(t *testing.T) {
	for _, v := range vectors(t) {
		s := Begin(v.Take, v.Kind, v.Mime)
		assert.Equal(t, v.First, s.Link.String())
		var made []Record
		for _, c := range v.Chunks {
			var r Record
			s, r = s.Extend(unhex(t, c.Data), c.Ms)
			assert.Equal(t, c.Link, r.Link.String())
			made = append(made, r)
		}
		assert.Equal(t, v.File, hex.EncodeToString(EncodeRecords(made)))
		records, err := ParseRecords(unhex(t, v.File))
		require.NoError(t, err)
		assert.Equal(t, made, records)

		end, err := Verify(v.Take, v.Kind, v.Mime, bytes.NewReader(v.media(t)), bytes.NewReader(unhex(t, v.File)))
		require.NoError(t, err)
		assert.Equal(t, s, end)
		assert.True(t, end.Ended)
		assert.EqualValues(t, len(v.Chunks)-1, end.Chunks())
	}
}

// aTake is a recording of some chunks with its chain.
func aTake(sizes ...int) (begin State, media []byte, records []Record) {
	begin = Begin("000102030405060708090a0b0c0d0e0f", "camera", "video/webm")
	s := begin
	for n, size := range append(sizes, 0) {
		chunk := bytes.Repeat([]byte{byte(n + 1)}, size)
		media = append(media, chunk...)
		var r Record
		s, r = s.Extend(chunk, uint32(n*2000))
		records = append(records, r)
	}
	return begin, media, records
}

func verify(media []byte, records []byte) (State, error) {
	return Verify("000102030405060708090a0b0c0d0e0f", "camera", "video/webm", bytes.NewReader(media), bytes.NewReader(records))
}

func TestEveryByteThatIsNotAsRecordedIsFound(t *testing.T) {
	_, media, records := aTake(10, 1, 30)
	file := EncodeRecords(records)
	_, err := verify(media, file)
	require.NoError(t, err)
	starts := []int64{0, 10, 11, 41, 42} // of the chunks; the end speaks of nothing
	chunkOf := func(at int) int64 {
		n := int64(0)
		for starts[n+1] <= int64(at) {
			n++
		}
		return n
	}
	expect := func(name string, err error, chunk int64) {
		t.Helper()
		var m *Mismatch
		require.ErrorAs(t, err, &m, name)
		assert.Equal(t, Mismatch{Record: chunk, Offset: starts[chunk]}, *m, name)
	}
	for at := range media {
		changed := bytes.Clone(media)
		changed[at] ^= 1
		_, err := verify(changed, file)
		expect("changed", err, chunkOf(at))
		_, err = verify(append(bytes.Clone(media[:at]), media[at+1:]...), file)
		var m *Mismatch
		require.ErrorAs(t, err, &m, "a byte is missing")
		_, err = verify(media[:at], file)
		expect("cut off", err, chunkOf(at))
	}
	_, err = verify(append(bytes.Clone(media), 0), file)
	expect("something follows the end", err, 3)
	for at := range file {
		lie := bytes.Clone(file)
		lie[at] ^= 0x80
		_, err := verify(media, lie)
		var m *Mismatch
		require.ErrorAs(t, err, &m, "byte %d of the chain lies", at)
		assert.LessOrEqual(t, m.Record, int64(at/RecordSize))
		_, err = verify(media, file[:at])
		require.ErrorAs(t, err, &m, "the chain is cut off")
		assert.EqualValues(t, at/RecordSize, m.Record)
	}
	_, err = verify(media, append(bytes.Clone(file), 0))
	expect("something follows the chain's end", err, 3)
}

func TestATakeUnderAnotherNameKindOrTypeIsAnother(t *testing.T) {
	_, media, records := aTake(5)
	for _, about := range [][3]string{{"0f", "camera", "video/webm"}, {"000102030405060708090a0b0c0d0e0f", "screen", "video/webm"}, {"000102030405060708090a0b0c0d0e0f", "camera", "video/mp4"}} {
		_, err := Verify(about[0], about[1], about[2], bytes.NewReader(media), bytes.NewReader(EncodeRecords(records)))
		var m *Mismatch
		require.ErrorAs(t, err, &m)
		assert.Zero(t, m.Record)
	}
}

func TestVerifyingGoesOnWhereItStopped(t *testing.T) {
	begin, media, records := aTake(100, 200, 300, 50)
	for cut := range len(records) + 1 {
		first := bytes.NewReader(media)
		s, err := begin.Advance(first, records[:cut])
		require.NoError(t, err)
		assert.EqualValues(t, cut, s.Records)
		assert.EqualValues(t, len(media)-first.Len(), s.Bytes, "no more is read than the records speak of")
		end, err := s.Advance(bytes.NewReader(media[s.Bytes:]), records[cut:])
		require.NoError(t, err)
		assert.Equal(t, State{Records: 5, Bytes: 650, Link: records[4].Link, Ms: 8000, Ended: true}, end)
	}
}

func TestRecordsAheadOfTheMediaAreNoMismatch(t *testing.T) {
	begin, media, records := aTake(100, 200)
	s, err := begin.Advance(bytes.NewReader(media[:299]), records)
	require.ErrorIs(t, err, ErrShort)
	assert.EqualValues(t, 1, s.Records, "what is here was verified")
	assert.EqualValues(t, 100, s.Bytes)

	_, err = begin.Advance(iotest.ErrReader(io.ErrClosedPipe), records)
	require.ErrorIs(t, err, io.ErrClosedPipe)
	var m *Mismatch
	assert.False(t, errors.As(err, &m), "a disk that cannot be read says nothing about the take")
	_, err = Verify("t", "camera", "m", bytes.NewReader(nil), iotest.ErrReader(io.ErrClosedPipe))
	require.ErrorIs(t, err, io.ErrClosedPipe)
}

func TestNothingFollowsAnEnd(t *testing.T) {
	begin, media, records := aTake(100)
	s, err := begin.Advance(bytes.NewReader(media), records)
	require.NoError(t, err)
	_, err = s.Advance(bytes.NewReader(nil), records[1:])
	var m *Mismatch
	require.ErrorAs(t, err, &m)
	assert.EqualValues(t, 2, m.Record)
}

func TestRecordsThatAreNone(t *testing.T) {
	_, _, records := aTake(1, 2)
	file := EncodeRecords(records)
	_, err := ParseRecords(file[:79])
	require.ErrorIs(t, err, ErrMalformed)
	_, err = ParseRecords(append(bytes.Clone(file), file...))
	require.ErrorIs(t, err, ErrMalformed, "an end in the middle")
	none, err := ParseRecords(nil)
	require.NoError(t, err)
	assert.Empty(t, none)
	assert.Equal(t, -1, Differ(file, file[:80]))
	other := bytes.Clone(file)
	other[50]++
	assert.Equal(t, 1, Differ(file, other))
}

func FuzzRecords(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(unhex(f, v.File), v.media(f))
	}
	f.Add([]byte(strings.Repeat("\x00", 80)), []byte{})
	f.Add([]byte("half a record"), []byte("media"))
	f.Add([]byte(strings.Repeat("\xff", 40)), []byte("media"))
	f.Fuzz(func(t *testing.T, raw, media []byte) {
		records, err := ParseRecords(raw)
		if err != nil {
			require.ErrorIs(t, err, ErrMalformed)
			return
		}
		require.True(t, bytes.Equal(raw, EncodeRecords(records)), "what was read is written the same")
		begin := Begin("take", "camera", "video/webm")
		s, err := begin.Advance(bytes.NewReader(media), records)
		require.LessOrEqual(t, s.Bytes, int64(len(media)))
		require.Equal(t, err == nil, s.Records == int64(len(records)))
		// Both ways of reading come to the same verdict.
		whole, wholeErr := Verify("take", "camera", "video/webm", bytes.NewReader(media), bytes.NewReader(raw))
		require.Equal(t, err == nil && s.Ended && s.Bytes == int64(len(media)), wholeErr == nil)
		if wholeErr == nil {
			require.Equal(t, s, whole)
		}
	})
}
