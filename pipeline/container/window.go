package container

import (
	"errors"
	"io"
)

// WindowSize is how much of the file is held in memory while its structure is read. Payloads are skipped, and those larger than
// the window are not even read.
const WindowSize = 256 << 10

// Window gives views of a file's bytes at any offset, reading ahead.
type Window struct {
	r    io.ReaderAt
	size int64
	buf  []byte
	at   int64 // file offset of buf[0]
	err  error
}

// NewWindow is for a file of that many bytes.
func NewWindow(r io.ReaderAt, size int64) *Window {
	return &Window{r: r, size: size, buf: make([]byte, 0, WindowSize)}
}

// Size is how long the file is; less than at first where it turned out to have become shorter.
func (w *Window) Size() int64 { return w.size }

// Err is the operating system's refusal to read, nil where there was none. After one, views are empty.
func (w *Window) Err() error { return w.err }

// Peek gives up to n bytes at offset off, fewer at the end of the file; n is at most WindowSize. The bytes are valid until the
// next call.
func (w *Window) Peek(off int64, n int) []byte {
	if off >= w.size || off < 0 || w.err != nil {
		return nil
	}
	n = int(min(int64(n), w.size-off))
	if off < w.at || off+int64(n) > w.at+int64(len(w.buf)) {
		length := int(min(int64(WindowSize), w.size-off))
		read, err := w.r.ReadAt(w.buf[:length], off)
		if err != nil && !(errors.Is(err, io.EOF) && read == length) {
			if !errors.Is(err, io.EOF) {
				w.err = err
			}
			w.size = off + int64(read) // the file has become shorter while it is read
		}
		w.buf, w.at = w.buf[:read], off
		n = min(n, read)
	}
	start := int(off - w.at)
	return w.buf[start : start+n]
}

// AppendTo appends the n bytes at off to dst.
func (w *Window) AppendTo(dst []byte, off int64, n int) ([]byte, error) {
	if off >= w.at && off+int64(n) <= w.at+int64(len(w.buf)) {
		start := int(off - w.at)
		return append(dst, w.buf[start:start+n]...), nil
	}
	start := len(dst)
	dst = append(dst, make([]byte, n)...)
	read, err := w.r.ReadAt(dst[start:], off)
	if read == n {
		return dst, nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return dst[:start], err
}
