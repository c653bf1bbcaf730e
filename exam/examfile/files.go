package examfile

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // formats of photos and documents
	_ "image/png"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	_ "golang.org/x/image/webp"
)

// Limits of what a folder may hold.
const (
	maxPhoto      = 10 << 20 // bytes
	maxAttachment = 50 << 20 // bytes
	minSide       = 80       // pixels of a photo: a face on less tells nobody apart
	maxSide       = 10000    // pixels
	maxPixels     = 50e6
)

// open reads a file that another one refers to at a place. What it cannot read, it reports.
func (r *reader) open(p place, name string, limit int64) (clean string, data []byte, ok bool) {
	// Who writes these files on Windows writes its paths.
	clean = path.Clean(strings.ReplaceAll(strings.TrimSpace(name), `\`, "/"))
	if path.IsAbs(clean) || !fs.ValidPath(clean) || clean == "." {
		r.fail(p, "%q leads out of the folder, or is none of its files: copy the file into the folder and write its path from there", name)
		return "", nil, false
	}
	r.used[clean] = true
	data, err := readFile(r.fsys, clean, limit)
	if err != nil {
		r.fail(p, "%s %v", clean, r.explain(clean, err))
		return "", nil, false
	}
	return clean, data, true
}

var errNotAFile = errors.New("is not a file")

// tooLargeError is a file of more bytes than allowed.
type tooLargeError int64

func (e tooLargeError) Error() string {
	return fmt.Sprintf("has more than %d MB: make it smaller", int64(e)>>20)
}

// readFile reads a regular file of at most limit bytes.
func readFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
	// Before it is opened: opening a pipe would wait for its writer.
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNotAFile
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = tooLargeError(limit)
	}
	return data, err
}

// explain says in words what follows a file's name why it cannot be read.
func (r *reader) explain(name string, err error) error {
	var inner *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		entries, _ := fs.ReadDir(r.fsys, path.Dir(name))
		for _, e := range entries {
			if strings.EqualFold(e.Name(), path.Base(name)) {
				return fmt.Errorf("is missing, but there is %s: write the name as it is, capitals matter", path.Join(path.Dir(name), e.Name()))
			}
		}
		return errors.New("is missing: copy it into the folder, or correct the name")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("may not be read: change its permissions")
	case errors.As(err, &inner):
		return fmt.Errorf("cannot be read (%w): if it is a link that leads out of the folder, put the file itself in its place", inner.Err)
	default:
		return err
	}
}

// picture checks that data begins as a picture of a size that can be shown. Its pixels are not decoded.
func picture(data []byte, smallest int) error {
	c, format, err := image.DecodeConfig(bytes.NewReader(data))
	switch {
	case err != nil:
		return errors.New("is not a JPEG, PNG or WebP picture, or is damaged: save it again as JPEG")
	case c.Width < smallest || c.Height < smallest:
		return fmt.Errorf("is a %s of %d × %d pixels, too small to tell a face: take one of at least %d × %d", format, c.Width, c.Height, smallest, smallest)
	case c.Width > maxSide || c.Height > maxSide || c.Width*c.Height > maxPixels:
		return fmt.Errorf("is a %s of %d × %d pixels: make it smaller", format, c.Width, c.Height)
	}
	return nil
}

// document finds the media type of an attachment by its content.
func document(name string, data []byte) (mime string, err error) {
	extension := strings.ToLower(path.Ext(name))
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return "", errors.New("is empty: replace it by the document")
	case bytes.HasPrefix(data, []byte("%PDF-")):
		return "application/pdf", nil
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return "image/jpeg", picture(data, 1)
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return "image/png", picture(data, 1)
	case extension != ".md" && extension != ".markdown" && extension != ".txt":
		return "", errors.New("is not a PDF, JPEG or PNG by its content, nor .md or .txt by its name: save it as PDF")
	case !utf8.Valid(data) || bytes.ContainsRune(data, 0):
		return "", errors.New("is not text in UTF-8: save it again with that encoding")
	case extension == ".txt":
		return "text/plain", nil
	default:
		return "text/markdown", nil
	}
}
