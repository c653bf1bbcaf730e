package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/trivue/trivue/archive"
)

// A request asks for more than what is read at the moment, and for more each time that reading goes on where it ended: a player
// that jumps about costs little, one that plays on few requests.
const (
	firstWindow = 256 << 10
	maxWindow   = 8 << 20
	// skipAtMost is how far ahead a seek is cheaper by reading on than by another request.
	skipAtMost = 128 << 10
	// maxResumes is how often a read goes on after a lost connection without one byte having come in between.
	maxResumes = 5
)

// Open implements archive.Store.
func (s *Store) Open(ctx context.Context, key string) (archive.Object, error) {
	info, tag, err := s.head(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("open object %s: %w", key, err)
	}
	return &object{store: s, ctx: ctx, info: info, tag: tag, window: firstWindow}, nil
}

// object reads by ranged requests. Each requires the entity tag of the first, so that an object that is replaced meanwhile gives
// an error instead of a mixture.
type object struct {
	store  *Store
	ctx    context.Context
	info   archive.Info
	tag    string
	offset int64 // where the next Read reads
	closed bool

	body   io.ReadCloser // of the request under way; nil if there is none
	at     int64         // where body reads
	end    int64         // where body ends
	window int64         // bytes that the next request asks for
}

func (o *object) Info() archive.Info { return o.info }

func (o *object) Close() error {
	o.closed = true
	o.hangUp()
	return nil
}

func (o *object) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += o.offset
	case io.SeekEnd:
		offset += o.info.Size
	default:
		return 0, fmt.Errorf("seek in object %s: whence %d: %w", o.info.Key, whence, archive.ErrInvalid)
	}
	if offset < 0 {
		return 0, fmt.Errorf("seek in object %s: offset %d: %w", o.info.Key, offset, archive.ErrInvalid)
	}
	o.offset = offset
	return offset, nil
}

func (o *object) Read(p []byte) (int, error) {
	if o.closed {
		return 0, fmt.Errorf("read object %s: it is closed: %w", o.info.Key, archive.ErrInvalid)
	}
	if len(p) == 0 {
		return 0, nil
	}
	if o.offset >= o.info.Size {
		return 0, io.EOF
	}
	for resumes := 0; ; {
		n, err := o.read(p)
		o.offset += int64(n)
		switch {
		case n > 0:
			return n, nil // an error shows again at the next read, if it lasts
		case err == nil:
			continue // one window is at its end, the next begins
		case errors.Is(err, archive.ErrNotFound), errors.Is(err, archive.ErrConflict), o.ctx.Err() != nil, resumes == maxResumes:
			return 0, fmt.Errorf("read object %s at byte %d: %w", o.info.Key, o.offset, err)
		}
		if err := pause(o.ctx, 50*time.Millisecond<<resumes); err != nil {
			return 0, fmt.Errorf("read object %s at byte %d: %w", o.info.Key, o.offset, err)
		}
		resumes++
	}
}

// read reads from the request under way, or begins one.
func (o *object) read(p []byte) (int, error) {
	if o.body != nil && (o.offset < o.at || o.offset > o.at+skipAtMost || o.offset >= o.end) {
		o.hangUp()
		if o.offset != o.end {
			o.window = firstWindow
		}
	}
	if o.body == nil {
		if err := o.request(); err != nil {
			return 0, err
		}
	}
	if ahead := o.offset - o.at; ahead > 0 {
		n, err := io.CopyN(io.Discard, o.body, ahead)
		o.at += n
		if err != nil {
			o.hangUp()
			return 0, fmt.Errorf("the connection was lost: %w", err)
		}
	}
	n, err := o.body.Read(p[:min(int64(len(p)), o.end-o.at)])
	o.at += int64(n)
	if err != nil {
		o.hangUp()
		if o.at == o.end && errors.Is(err, io.EOF) {
			err = nil
		} else if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
	}
	return n, err
}

func (o *object) request() error {
	end := min(o.offset+o.window, o.info.Size)
	out, err := o.store.client.GetObject(o.ctx, &s3.GetObjectInput{
		Bucket: &o.store.bucket, Key: o.store.name(o.info.Key), IfMatch: aws.String(o.tag),
		Range: aws.String(fmt.Sprintf("bytes=%d-%d", o.offset, end-1)),
	})
	if err != nil {
		return translate(err)
	}
	// A service that ignores the range would give the whole object from its beginning.
	if got := aws.ToInt64(out.ContentLength); got != end-o.offset {
		out.Body.Close()
		return fmt.Errorf("asked for %d bytes at %d, the service gives %d: %w", end-o.offset, o.offset, got, archive.ErrConflict)
	}
	o.body, o.at, o.end = out.Body, o.offset, end
	o.window = min(o.window*2, maxWindow)
	return nil
}

func (o *object) hangUp() {
	if o.body != nil {
		o.body.Close()
		o.body = nil
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// List implements archive.Store.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[archive.Info, error] {
	return func(yield func(archive.Info, error) bool) {
		pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: s.name(prefix)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(archive.Info{}, fmt.Errorf("list objects: %w", err))
				return
			}
			for _, o := range page.Contents {
				key := strings.TrimPrefix(aws.ToString(o.Key), s.prefix)
				// What others keep in the bucket, such as the folders that a web console makes, is none of ours.
				if archive.CheckKey(key) != nil {
					continue
				}
				if !yield(archive.Info{Key: key, Size: aws.ToInt64(o.Size), ModTime: aws.ToTime(o.LastModified).UTC()}, nil) {
					return
				}
			}
		}
	}
}
