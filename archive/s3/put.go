package s3

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc64"
	"io"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	tmtypes "github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/trivue/trivue/archive"
)

// crcTable is that of CRC-64/NVME: the polynomial 0xad93d23594c93659 of the NVM Express NVM Command Set Specification, reflected.
var crcTable = crc64.MakeTable(0x9a6c9329ac4bc9b5)

// Put implements archive.Store.
func (s *Store) Put(ctx context.Context, key string, r io.Reader, size int64, sha256 string) error {
	err := archive.CheckPut(key, size, sha256)
	if err == nil {
		err = s.put(ctx, key, r, size, sha256)
	}
	if err != nil {
		return fmt.Errorf("put object %s: %w", key, err)
	}
	return nil
}

func (s *Store) put(ctx context.Context, key string, r io.Reader, size int64, sum string) error {
	info, err := s.Stat(ctx, key)
	if err == nil && info.Size == size && info.SHA256 == sum {
		return nil
	}
	if err != nil && !errors.Is(err, archive.ErrNotFound) {
		return err
	}
	b := &body{r: archive.NewVerifier(ctx, r, size, sum), crc: crc64.New(crcTable), parts: map[int32]*string{}}
	out, err := s.upload.UploadObject(context.WithValue(ctx, bodyKey{}, b), &transfermanager.UploadObjectInput{
		Bucket: &s.bucket, Key: s.name(key), Body: b,
		ContentLength: aws.Int64(size), ChecksumType: tmtypes.ChecksumType(types.ChecksumTypeFullObject), Metadata: map[string]string{shaMetadata: sum},
	}, func(o *transfermanager.Options) {
		// A recording of any length must fit in the protocol's number of parts.
		o.PartSizeBytes = max(o.PartSizeBytes, size/(maxParts-1)+1)
		o.MultipartUploadThreshold = o.PartSizeBytes
	})
	// The transfer manager wraps an error of the body only into text in some of its paths.
	if b.err != nil {
		return b.err
	}
	if err != nil {
		return translate(err)
	}
	if got := aws.ToString(out.ChecksumCRC64NVME); got != b.sum() {
		err := s.verify(ctx, key, got, sum)
		if errors.Is(err, archive.ErrChecksum) {
			err = errors.Join(err, s.Delete(context.WithoutCancel(ctx), key))
		}
		return err
	}
	return nil
}

// verify makes sure of an object whose CRC-64/NVME the service did not confirm: not every service knows it, and from those the
// object has to be read back.
func (s *Store) verify(ctx context.Context, key, crc, sum string) error {
	if crc != "" {
		return fmt.Errorf("the service has other bytes (CRC-64/NVME %s): %w", crc, archive.ErrChecksum)
	}
	o, err := s.Open(ctx, key)
	if err != nil {
		return err
	}
	defer o.Close()
	h := sha256.New()
	if _, err := io.Copy(h, o); err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != sum {
		return fmt.Errorf("the service has other bytes (SHA-256 %s): %w", got, archive.ErrChecksum)
	}
	return nil
}

// body is what is uploaded. It computes the CRC-64/NVME of what it hands through, and keeps the error that it ended with.
type body struct {
	r   io.Reader
	crc hash.Hash64
	err error

	mu    sync.Mutex
	parts map[int32]*string // the service's CRC-64/NVME of each part
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.crc.Write(p[:n])
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

// sum is the checksum in the protocol's notation.
func (b *body) sum() string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, b.crc.Sum64()))
}

type bodyKey struct{}

// checking is the client that the transfer manager uploads with. The manager knows no CRC-64/NVME of parts, nor that of the whole
// object before it begins. Both are added to the request that makes the object visible: the service refuses what differs.
type checking struct{ *s3.Client }

// UploadPart implements transfermanager.S3APIClient.
func (c checking) UploadPart(ctx context.Context, in *s3.UploadPartInput, options ...func(*s3.Options)) (*s3.UploadPartOutput, error) {
	out, err := c.Client.UploadPart(ctx, in, options...)
	if b, ok := ctx.Value(bodyKey{}).(*body); ok && err == nil {
		b.mu.Lock()
		b.parts[aws.ToInt32(in.PartNumber)] = out.ChecksumCRC64NVME
		b.mu.Unlock()
	}
	return out, err
}

// CompleteMultipartUpload implements transfermanager.S3APIClient.
func (c checking) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput, options ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error) {
	if b, ok := ctx.Value(bodyKey{}).(*body); ok {
		in.ChecksumCRC64NVME = aws.String(b.sum())
		in.ChecksumType = types.ChecksumTypeFullObject
		for i, part := range in.MultipartUpload.Parts {
			in.MultipartUpload.Parts[i].ChecksumCRC64NVME = b.parts[aws.ToInt32(part.PartNumber)]
		}
	}
	return c.Client.CompleteMultipartUpload(ctx, in, options...)
}

// AbortStale removes the parts of uploads that were begun before a time and never ended, because their process was killed or
// lost the service. They are invisible, and paid for.
func (s *Store) AbortStale(ctx context.Context, before time.Time) error {
	pages := s3.NewListMultipartUploadsPaginator(s.client, &s3.ListMultipartUploadsInput{Bucket: &s.bucket, Prefix: &s.prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list unfinished uploads: %w", err)
		}
		for _, u := range page.Uploads {
			if !aws.ToTime(u.Initiated).Before(before) {
				continue
			}
			_, err := s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &s.bucket, Key: u.Key, UploadId: u.UploadId})
			if err != nil && !isAbsent(err) {
				return fmt.Errorf("abort the unfinished upload of %s: %w", aws.ToString(u.Key), err)
			}
		}
	}
	return nil
}
