package examfile

import (
	"bytes"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	xunicode "golang.org/x/text/encoding/unicode"
)

var (
	errNotText = errors.New("is not a text file in UTF-8 or GBK: save it again in UTF-8 (in Excel: “CSV UTF-8”)")
	utf16      = xunicode.UTF16(xunicode.LittleEndian, xunicode.ExpectBOM)
)

// decode gives a text file as UTF-8 without a byte order mark. Excel writes UTF-16 for "Unicode text", and in China GBK for plain
// CSV; guessed reports the latter, which nothing in the file says.
func decode(data []byte) (text []byte, guessed bool, err error) {
	var from encoding.Encoding
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		data = data[3:]
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		from = utf16
	case !utf8.Valid(data):
		from, guessed = simplifiedchinese.GB18030, true // includes GBK
	}
	if from != nil {
		if data, err = from.NewDecoder().Bytes(data); err != nil || bytes.ContainsRune(data, utf8.RuneError) {
			return nil, guessed, errNotText
		}
	}
	if !utf8.Valid(data) || bytes.ContainsRune(data, 0) {
		return nil, guessed, errNotText
	}
	return data, guessed, nil
}

// readText reads and decodes a text file of the folder.
func (r *reader) readText(name string, data []byte) ([]byte, bool) {
	decoded, guessed, err := decode(data)
	if err != nil {
		r.fail(place{file: name}, "the file %v", err)
		return nil, false
	}
	if guessed {
		r.warn(place{file: name}, "it is not in UTF-8 and was read as GBK: check that Chinese characters are right, or save it in UTF-8")
	}
	return decoded, true
}

// readOwn reads one of the two files that a folder must have.
func (r *reader) readOwn(name string, limit int64) ([]byte, bool) {
	data, err := readFile(r.fsys, name, limit)
	if err != nil {
		r.fail(place{file: name}, "the file %v", r.explain(name, err))
		return nil, false
	}
	return r.readText(name, data)
}

// unprintable finds what has no place in a text: control characters, but for line ends and tabs where the text may have lines.
func unprintable(s string, lines bool) (rune, bool) {
	at := strings.IndexFunc(s, func(c rune) bool {
		return (unicode.IsControl(c) || c == utf8.RuneError) && !(lines && (c == '\n' || c == '\t'))
	})
	if at < 0 {
		return 0, false
	}
	c, _ := utf8.DecodeRuneInString(s[at:])
	return c, true
}
