package container_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
)

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
		"sound":         {"RIFF\x00\x00\x00\x00WAVE", "", container.NotMedia, "WAV"},
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
	for _, seed := range []string{"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm", "\x00\x00\x00\x20ftypisom", "RIFF", "\xe4\xb8", ""} {
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
