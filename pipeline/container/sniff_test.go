package container_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
)

// mp3Frames are frames of 32 kbit/s, mono, 24 kHz: 96 bytes each.
func mp3Frames(n int) string {
	return strings.Repeat("\xff\xf3\x44\xc4"+strings.Repeat("\x55", 92), n)
}

// adtsFrame is one of 16 bytes, AAC-LC, 48 kHz, mono.
const adtsFrame = "\xff\xf1\x4c\x40\x02\x1f\xfc" + "\x01\x02\x03\x04\x05\x06\x07\x08\x09"

func TestID3Size(t *testing.T) {
	assert.EqualValues(t, 10+257, container.ID3Size([]byte("ID3\x04\x00\x00\x00\x00\x02\x01....")))
	assert.EqualValues(t, 10+257+10, container.ID3Size([]byte("ID3\x04\x00\x10\x00\x00\x02\x01....")), "a footer")
	assert.Zero(t, container.ID3Size([]byte("ID3\x04\x00\x00\x00\x80\x02\x01")), "sizes have seven bits a byte")
	assert.Zero(t, container.ID3Size([]byte("ID3")))
}

func TestSniff(t *testing.T) {
	for name, c := range map[string]struct {
		head   string
		format container.Format
		reason container.Reason
		says   string
	}{
		"WebM":          {"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm", container.WebM, "", ""},
		"Matroska":      {"\x1a\x45\xdf\xa3\x8b\x42\x82\x88matroska", container.Matroska, "", ""},
		"other EBML":    {"\x1a\x45\xdf\xa3\x8b\x42\x82\x88whatever", "", container.NotMedia, "whatever"},
		"MP4":           {"\x00\x00\x00\x20ftypisom", container.MP4, "", ""},
		"QuickTime":     {"\x00\x00\x00\x08wide\x00\x00", container.MP4, "", ""},
		"nothing":       {"", "", container.Empty, "no bytes"},
		"zeros":         {"\x00\x00\x00\x00\x00\x00\x00\x00\x00", "", container.Empty, "zeros"},
		"text":          {"Dear candidate,\nthe interview", "", container.NotMedia, "text"},
		"Chinese text":  {"考生须知\n面试开始前", "", container.NotMedia, "text"},
		"JPEG":          {"\xff\xd8\xff\xe0\x00\x10JFIF", "", container.NotMedia, "JPEG"},
		"a PDF":         {"%PDF-1.7", "", container.NotMedia, "PDF"},
		"WAV":           {"RIFF\x00\x00\x00\x00WAVEfmt ", container.WAV, "", ""},
		"RF64":          {"RF64\xff\xff\xff\xffWAVEds64", container.WAV, "", ""},
		"AVI":           {"RIFF\x00\x00\x00\x00AVI LIST", "", container.NotMedia, "AVI"},
		"AIFF":          {"FORM\x00\x00\x00\x00AIFFCOMM", "", container.NotMedia, "AIFF"},
		"Ogg":           {"OggS\x00\x02", container.Ogg, "", ""},
		"FLAC":          {"fLaC\x00\x00\x00\x22", container.FLACFile, "", ""},
		"AMR":           {"#!AMR-WB\n", container.AMRFile, "", ""},
		"MP3":           {mp3Frames(3), container.MP3File, "", ""},
		"cut MP3":       {"\x12\x34\xff\xff" + mp3Frames(3), container.MP3File, "", ""},
		"one MP3 frame": {mp3Frames(1), "", container.NotMedia, "first bytes"},
		"ADTS":          {strings.Repeat(adtsFrame, 3), container.ADTS, "", ""},
		"noise":         {"\x93\x01\xff\x17\x88\x13\xaa\x55", "", container.NotMedia, "first bytes"},
		"a single byte": {"\x93", "", container.NotMedia, "first bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			format, err := container.Sniff([]byte(c.head))
			if c.reason == "" {
				require.NoError(t, err)
				assert.Equal(t, c.format, format)
				return
			}
			var unusable *container.UnusableError
			require.ErrorAs(t, err, &unusable)
			assert.Equal(t, c.reason, unusable.Reason)
			assert.Contains(t, unusable.Detail, c.says)
		})
	}
}

func FuzzSniff(f *testing.F) {
	for _, seed := range []string{"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm", "\x00\x00\x00\x20ftypisom", "RIFF", "RF64\xff\xff\xff\xffWAVEds64", mp3Frames(3), strings.Repeat(adtsFrame, 2), "\xe4\xb8", ""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		format, err := container.Sniff(head)
		if (format == "") != (err != nil) {
			t.Fatalf("format %q and error %v", format, err)
		}
		if err != nil && !errors.Is(err, container.ErrUnusable) {
			t.Fatalf("an error of another kind: %v", err)
		}
	})
}
