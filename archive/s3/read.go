package s3

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"iter"
	"strings"

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
	return &object{store: s, ctx: ctx, info: info, tag: tag, window: firstWindow, sum: sha256.New()}, nil
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

	sum    hash.Hash // of the bytes up to summed, as far as they were read in order
	summed int64
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
	for resumes := 0; ; resumes++ {
		if o.body != nil && (o.offset < o.at || o.offset > o.at+skipAtMost || o.offset >= o.end) {
			o.hangUp()
			if o.offset != o.end {
				o.window = firstWindow
			}
		}
		if o.body == nil {
			// The SDK has tried this several times when it fails.
			if err := o.request(); err != nil {
				return 0, fmt.Errorf("read object %s at byte %d: %w", o.info.Key, o.offset, err)
			}
		}
		n, err := o.read(p)
		if n > 0 {
			// What is wrong with the connection shows again at the next read, if it lasts.
			return o.deliver(p[:n])
		}
		if err != nil && (resumes == maxResumes || o.ctx.Err() != nil) {
			return 0, fmt.Errorf("read object %s at byte %d: the connection was lost: %w", o.info.Key, o.offset, err)
		}
	}
}

// deliver counts bytes that were read. No service gives a checksum of a range, so an object that is read from its beginning to its
// end is checked here: the last bytes of one that is not what was put are withheld.
func (o *object) deliver(p []byte) (int, error) {
	inOrder := o.offset == o.summed
	o.offset += int64(len(p))
	if !inOrder || o.info.SHA256 == "" {
		return len(p), nil
	}
	o.sum.Write(p)
	o.summed = o.offset
	if o.summed < o.info.Size {
		return len(p), nil
	}
	if got := hex.EncodeToString(o.sum.Sum(nil)); got != o.info.SHA256 {
		return 0, fmt.Errorf("read object %s: the service gave bytes of SHA-256 %s, not %s: %w", o.info.Key, got, o.info.SHA256, archive.ErrChecksum)
	}
	return len(p), nil
}

// read reads at the offset from the request under way, which it ends after an error.
func (o *object) read(p []byte) (n int, err error) {
	defer func() {
		if err != nil {
			o.hangUp()
		}
	}()
	skipped, err := io.CopyN(io.Discard, o.body, o.offset-o.at)
	o.at += skipped
	if err != nil {
		return 0, err
	}
	n, err = o.body.Read(p[:min(int64(len(p)), o.end-o.at)])
	o.at += int64(n)
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
