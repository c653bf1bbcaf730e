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
		n = w.load(off, n)
	}
	if n == 0 {
		return nil
	}
	start := int(off - w.at)
	return w.buf[start : start+n]
}

// lookBack is how much before a place stays in view when the window moves ahead to it. Whoever looks for the beginning of something
// looks ahead whether it goes on there, and comes back: at the window's end each such look would read the file twice.
const lookBack = 32 << 10

// load moves the window so that the n bytes at off are in view, and gives how many of them there are.
func (w *Window) load(off int64, n int) int {
	from := max(off-int64(min(lookBack, WindowSize-n)), 0)
	length := int(min(int64(WindowSize), w.size-from))
	read, err := w.r.ReadAt(w.buf[:length], from)
	if err != nil && !(errors.Is(err, io.EOF) && read == length) {
		if !errors.Is(err, io.EOF) {
			w.err = err
		}
		w.size = from + int64(read) // the file has become shorter while it is read
	}
	w.buf, w.at = w.buf[:read], from
	return int(max(min(int64(n), from+int64(read)-off), 0))
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
