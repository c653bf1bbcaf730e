// Package s3 keeps objects in a bucket of Amazon S3 or of any service that speaks its protocol.
//
// The SHA-256 of an object is kept in its metadata (x-amz-meta-sha256). What arrives is checked by the server against a
// CRC-64/NVME of the whole object that is computed here, before the object becomes visible.
package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	tmtypes "github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/trivue/trivue/archive"
)

// Options say which bucket, and how to reach it. Bucket must be set.
type Options struct {
	Endpoint  string // URL of the service; empty for Amazon's own
	Region    string // us-east-1 if empty
	Bucket    string
	Prefix    string // goes before all keys, as it is: "trivue/" makes a folder
	PathStyle bool   // the bucket is in the path instead of the host name: most services other than Amazon's need it

	// AccessKey and SecretKey authenticate. Where both are empty, the AWS SDK's usual sources are asked: environment, shared files,
	// the machine's role.
	AccessKey, SecretKey string

	CreateBucket bool  // if it is missing
	PartSize     int64 // bytes; objects of at least that size go in parts, three at a time; 8 MiB if 0, at least 5 MiB
	HTTPClient   *http.Client
}

const (
	minPartSize     = 5 << 20 // the protocol's limit
	defaultPartSize = 8 << 20
	maxParts        = 10_000
	concurrentParts = 3
	// abortTimeout is how long the parts of an upload that failed are tried to be removed, whatever became of its context.
	abortTimeout = 20 * time.Second
	shaMetadata  = "sha256"
)

// Store is an archive.Store in a bucket.
type Store struct {
	client *s3.Client
	upload *transfermanager.Client
	bucket string
	prefix string
}

var _ archive.Store = (*Store)(nil)

// Open connects to a bucket, and fails if it is missing or not accessible.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Bucket == "" {
		return nil, fmt.Errorf("open S3: no bucket is named: %w", archive.ErrInvalid)
	}
	if (o.AccessKey == "") != (o.SecretKey == "") {
		return nil, fmt.Errorf("open S3: access key and secret key go together; one is missing: %w", archive.ErrInvalid)
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.PartSize == 0 {
		o.PartSize = defaultPartSize
	}
	if o.PartSize < minPartSize {
		return nil, fmt.Errorf("open S3: a part size of %d bytes is below the protocol's %d: %w", o.PartSize, minPartSize, archive.ErrInvalid)
	}
	load := []func(*config.LoadOptions) error{config.WithRegion(o.Region)}
	if o.AccessKey != "" {
		load = append(load, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(o.AccessKey, o.SecretKey, "")))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("open S3: %w", err)
	}
	client := s3.NewFromConfig(cfg, func(c *s3.Options) {
		c.UsePathStyle = o.PathStyle
		if o.HTTPClient != nil {
			// Not by config: with AWS_CA_BUNDLE in the environment that takes only the SDK's own kind of client.
			c.HTTPClient = o.HTTPClient
		}
		if o.Endpoint != "" {
			c.BaseEndpoint = aws.String(o.Endpoint)
		}
		// A read that was resumed covers a part of an object, of which there is no checksum; the SDK would log that each time.
		c.DisableLogOutputChecksumValidationSkipped = true
	})
	s := &Store{client: client, bucket: o.Bucket, prefix: o.Prefix}
	s.upload = transfermanager.New(checking{client}, func(t *transfermanager.Options) {
		t.PartSizeBytes = o.PartSize
		t.MultipartUploadThreshold = o.PartSize
		t.Concurrency = concurrentParts
		t.ChecksumAlgorithm = tmtypes.ChecksumAlgorithm(types.ChecksumAlgorithmCrc64nvme)
		t.FailTimeout = abortTimeout
	})
	if err := s.checkBucket(ctx, o); err != nil {
		return nil, fmt.Errorf("open S3 bucket %s: %w", o.Bucket, err)
	}
	return s, nil
}

func (s *Store) checkBucket(ctx context.Context, o Options) error {
	_, err := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &o.Bucket})
	if err == nil || !isAbsent(err) {
		return err
	}
	if !o.CreateBucket {
		return fmt.Errorf("there is no such bucket: create it, or allow this program to: %w", archive.ErrNotFound)
	}
	create := &s3.CreateBucketInput{Bucket: &o.Bucket}
	if o.Region != "us-east-1" {
		create.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(o.Region)}
	}
	_, err = s.client.CreateBucket(ctx, create)
	var owned *types.BucketAlreadyOwnedByYou
	if errors.As(err, &owned) {
		return nil // another process was faster
	}
	return err
}

// Stat implements archive.Store.
func (s *Store) Stat(ctx context.Context, key string) (archive.Info, error) {
	info, _, err := s.head(ctx, key)
	if err != nil {
		return archive.Info{}, fmt.Errorf("stat object %s: %w", key, err)
	}
	return info, nil
}

// head describes an object and gives its entity tag.
func (s *Store) head(ctx context.Context, key string) (archive.Info, string, error) {
	if err := archive.CheckKey(key); err != nil {
		return archive.Info{}, "", err
	}
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: s.name(key)})
	if err != nil {
		return archive.Info{}, "", translate(err)
	}
	info := archive.Info{Key: key, Size: aws.ToInt64(out.ContentLength), SHA256: out.Metadata[shaMetadata], ModTime: aws.ToTime(out.LastModified).UTC()}
	return info, aws.ToString(out.ETag), nil
}

// Delete implements archive.Store.
func (s *Store) Delete(ctx context.Context, key string) error {
	err := archive.CheckKey(key)
	if err == nil {
		_, err = s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: s.name(key)})
	}
	if err != nil && !isAbsent(err) {
		return fmt.Errorf("delete object %s: %w", key, err)
	}
	return nil
}

func (s *Store) name(key string) *string { return aws.String(s.prefix + key) }

// translate turns the service's answers into the exported errors.
func translate(err error) error {
	var status interface{ HTTPStatusCode() int }
	switch {
	case isAbsent(err):
		return fmt.Errorf("%w (%w)", archive.ErrNotFound, err)
	case !errors.As(err, &status):
		return err
	case status.HTTPStatusCode() == http.StatusPreconditionFailed:
		return fmt.Errorf("it was replaced: %w (%w)", archive.ErrConflict, err)
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		switch code := api.ErrorCode(); {
		case code == "BadDigest" || code == "InvalidDigest" || strings.HasPrefix(code, "XAmzContent"):
			return fmt.Errorf("%w (%w)", archive.ErrChecksum, err)
		case code == "ObjectParentIsFile" || code == "ExistingObjectIsDirectory":
			return fmt.Errorf("%w (%w)", archive.ErrConflict, err)
		}
	}
	return err
}

// isAbsent reports whether the service says that there is no such object or bucket. A HEAD has no body to tell them apart by.
func isAbsent(err error) bool {
	var status interface{ HTTPStatusCode() int }
	return errors.As(err, &status) && status.HTTPStatusCode() == http.StatusNotFound
}
