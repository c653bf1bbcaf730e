package models

import (
	"compress/bzip2"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Fetching says where model files come from and go to.
type Fetching struct {
	// To is the models folder; it is made where it is not there.
	To string
	// From is a folder, or the address of one, that holds the files under their published names; empty for their public homes.
	From string
	// Client makes the requests; a plain one if nil.
	Client *http.Client
	// Stall is how long nothing may arrive before a transfer is tried again; 30 s if 0.
	Stall time.Duration
	// Progress gets how much of a file is here, if not nil; total is 0 where it is not known.
	Progress func(f File, here, total int64)
}

// Attempts at a file, each of which goes on where the last one ended.
const attempts = 5

// maxFile bounds a file in bytes, packed or not.
const maxFile = 256 << 20

// ErrBusy is the answer while another program fetches into the same folder.
var ErrBusy = errors.New("another program is fetching the face models just now")

// MismatchError is a file whose content is not the official one. It was not put into the folder.
type MismatchError struct {
	Name, Source, Got, Want string
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("%s from %s is not the official file (its content is %s, not %s); nothing of it was kept", e.Name, e.Source, e.Got, e.Want)
}

// Fetch brings the files of a choice into the folder, and gives those that were not there before. Files that are there and official
// stay. A transfer that was cut off goes on where it ended, now or at the next call; what arrives is put in place only when its content
// is the official one.
func (g Fetching) Fetch(ctx context.Context, c Choice) ([]File, error) {
	files, err := c.Files()
	if err != nil {
		return nil, err
	}
	return g.fetchAll(ctx, files)
}

func (g Fetching) fetchAll(ctx context.Context, files []File) ([]File, error) {
	if g.Client == nil {
		g.Client = &http.Client{}
	}
	if g.Stall == 0 {
		g.Stall = 30 * time.Second
	}
	if err := os.MkdirAll(g.To, 0o755); err != nil {
		return nil, fmt.Errorf("make the models folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(g.To, ".fetching"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the models folder: %w", err)
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, ErrBusy
	}
	var fetched []File
	for _, f := range files {
		state, err := Check(g.To, f)
		if err != nil {
			return fetched, err
		}
		if state == Official {
			continue
		}
		_, began := os.Stat(filepath.Join(g.To, f.published()+".part"))
		err = g.fetch(ctx, f)
		if mismatch := new(MismatchError); began == nil && errors.As(err, &mismatch) {
			// What was left of an earlier attempt may have been of another file.
			err = g.fetch(ctx, f)
		}
		if err != nil {
			return fetched, err
		}
		fetched = append(fetched, f)
	}
	return fetched, nil
}

// fetch brings one file into the folder.
func (g Fetching) fetch(ctx context.Context, f File) error {
	source := f.URL
	part := filepath.Join(g.To, f.published()+".part")
	var err error
	switch {
	case g.From == "":
		err = g.download(ctx, f, source, part)
	case strings.HasPrefix(g.From, "http://"), strings.HasPrefix(g.From, "https://"):
		source = strings.TrimSuffix(g.From, "/") + "/" + f.published()
		err = g.download(ctx, f, source, part)
	default:
		source = filepath.Join(g.From, f.published())
		err = copyFile(source, part)
	}
	if err != nil {
		return fmt.Errorf("fetch %s: %w", f.Name, err)
	}
	return g.accept(f, source, part)
}

// accept checks what has arrived, and puts it in place.
func (g Fetching) accept(f File, source, part string) error {
	defer os.Remove(part)
	got, err := ObjectOf(part)
	if err != nil {
		return err
	}
	want := f.Object
	if f.Packed != "" {
		want = f.Packed
	}
	if got != want {
		return &MismatchError{f.published(), source, got, want}
	}
	path := filepath.Join(g.To, f.Name)
	if f.Packed == "" {
		return os.Rename(part, path)
	}
	unpacked := filepath.Join(g.To, f.Name+".part")
	defer os.Remove(unpacked)
	if err := unpack(part, unpacked); err != nil {
		return fmt.Errorf("unpack %s: %w", f.published(), err)
	}
	object, err := ObjectOf(unpacked)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+recordSuffix, []byte(object+"\n"), 0o644); err != nil {
		return err
	}
	return os.Rename(unpacked, path)
}

func unpack(from, to string) error {
	packed, err := os.Open(from)
	if err != nil {
		return err
	}
	defer packed.Close()
	return write(to, os.O_TRUNC, bzip2.NewReader(packed))
}

func copyFile(from, to string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	return write(to, os.O_TRUNC, f)
}

// write appends content to a file, or puts it in the place of what was there, by the mode.
func write(path string, mode int, content io.Reader) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|mode, 0o644)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, io.LimitReader(content, maxFile))
	if err == nil && n == maxFile {
		err = fmt.Errorf("there are more than %d MB", maxFile>>20)
	}
	// What is said to be here must be here after a power cut: the next attempt goes on behind it.
	return errors.Join(err, f.Sync(), f.Close())
}

// download brings a file from an address, going on where an earlier attempt ended.
func (g Fetching) download(ctx context.Context, f File, url, part string) error {
	var err error
	for range attempts {
		var again bool
		if again, err = g.attempt(ctx, f, url, part); err == nil || !again || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// attempt asks for what is missing of a file. Again reports whether asking once more may help.
func (g Fetching) attempt(ctx context.Context, f File, url, part string) (again bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(g.Stall, func() { cancel(fmt.Errorf("nothing arrived for %v", g.Stall)) })
	defer stalled.Stop()
	var here int64
	if info, err := os.Stat(part); err == nil {
		here = info.Size()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false, err
	}
	if here > 0 {
		r.Header.Set("Range", fmt.Sprintf("bytes=%d-", here))
	}
	// A server that packs what it sends would make offsets mean something else.
	r.Header.Set("Accept-Encoding", "identity")
	answer, err := g.Client.Do(r)
	if err != nil {
		return true, because(ctx, err)
	}
	defer answer.Body.Close()
	mode := os.O_APPEND
	switch answer.StatusCode {
	case http.StatusPartialContent:
		if !strings.HasPrefix(answer.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", here)) {
			return true, errors.Join(fmt.Errorf("%s sent another part than was asked for", url), os.Remove(part))
		}
	case http.StatusOK:
		mode, here = os.O_TRUNC, 0
	case http.StatusRequestedRangeNotSatisfiable:
		// There is nothing behind what is here: whether that is all, its content will say. If it is not, the next call begins anew.
		return false, nil
	default:
		return answer.StatusCode >= http.StatusInternalServerError, fmt.Errorf("%s answered %s", url, answer.Status)
	}
	total := int64(0)
	if answer.ContentLength > 0 {
		total = here + answer.ContentLength
	}
	body := &watched{from: answer.Body, read: func(n int) {
		stalled.Reset(g.Stall)
		here += int64(n)
		if g.Progress != nil {
			g.Progress(f, here, total)
		}
	}}
	if err := write(part, mode, body); err != nil {
		return true, because(ctx, err)
	}
	return false, nil
}

// because gives what ended ctx, where that is why something failed.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// watched tells of every read.
type watched struct {
	from io.Reader
	read func(n int)
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.from.Read(p)
	if n > 0 {
		w.read(n)
	}
	return n, err
}
