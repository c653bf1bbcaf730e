// Package archive is where files are kept for good: objects by key, on a local disk (archive/disk) or in an S3 bucket
// (archive/s3). Both pass the conformance suite of archive/storagetest.
package archive

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
)

// Errors that callers tell apart with errors.Is. What methods return wraps them with the operation and the key.
var (
	// ErrNotFound means that there is no object under the key.
	ErrNotFound = errors.New("object not found")
	// ErrChecksum means that bytes are not those that they should be: a reader gave others than were announced, or storage gave
	// others than were put.
	ErrChecksum = errors.New("checksum mismatch")
	// ErrConflict means that the object was replaced or deleted while it was read, or that a key is also a folder of others.
	ErrConflict = errors.New("conflicting object")
	// ErrInvalid means that a key, size or checksum can never be right.
	ErrInvalid = errors.New("invalid argument")
)

// Store keeps objects. Methods are safe for concurrent use, also by several processes on the same storage.
//
// Keys are slash-separated paths of the characters a–z, 0–9, dot, hyphen and underscore, such as attempts/7f3a/raw/91c2; ErrInvalid
// is what any other gives (see CheckKey). A key that is a folder of another (a beside a/b) is not portable; a store may refuse
// it with ErrConflict.
type Store interface {
	// Put stores size bytes from r, whose SHA-256 in lower-case hexadecimal is given, and returns once they are safe from a power
	// cut and verified. An object becomes visible whole or not at all: after any error, and after a crash, the key has what it
	// had before or nothing, and nothing else remains.
	//
	// Where the same content is under the key already, Put does nothing and need not read r. Other content is replaced; who reads
	// the old object meanwhile gets it to the end, or ErrConflict or ErrChecksum, but never a mixture without an error. Of concurrent Puts of one key one wins.
	//
	// It is ErrChecksum if r gives other bytes, or more or fewer. An error of r is wrapped. A full disk wraps syscall.ENOSPC.
	Put(ctx context.Context, key string, r io.Reader, size int64, sha256 string) error

	// Open gives an object to read, or ErrNotFound. What is not read is not transferred. ctx must last as long as the reading.
	Open(ctx context.Context, key string) (Object, error)

	// Stat describes an object, or gives ErrNotFound.
	Stat(ctx context.Context, key string) (Info, error)

	// Delete removes an object. One that does not exist is no error.
	Delete(ctx context.Context, key string) error

	// List gives the objects whose key begins with prefix (any text, also ""), ordered by key as bytes. SHA256 may be empty:
	// object storage does not list it. The iteration ends after the first error.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]
}

// Object is an open object. It is for one goroutine, and must be closed.
type Object interface {
	io.ReadSeekCloser
	Info() Info
}

// Info describes an object.
type Info struct {
	Key     string
	Size    int64  // bytes
	SHA256  string // lower-case hexadecimal
	ModTime time.Time
}

// Limits of keys. A segment must fit in a file name, a key below a prefix of the operator's choice in the 1,024 bytes of S3.
const (
	maxSegment = 200
	maxKey     = 800
)

// CheckKey gives ErrInvalid for a text that is not a key: a character that is not allowed, an empty segment, one that begins
// with a dot (so neither . nor .. can occur), or too long.
func CheckKey(key string) error {
	if key == "" || len(key) > maxKey {
		return fmt.Errorf("key has %d bytes, not 1 to %d: %w", len(key), maxKey, ErrInvalid)
	}
	for segment := range strings.SplitSeq(key, "/") {
		switch {
		case segment == "":
			return fmt.Errorf("key %q has an empty segment: %w", key, ErrInvalid)
		case segment[0] == '.':
			return fmt.Errorf("key %q has a segment that begins with a dot: %w", key, ErrInvalid)
		case len(segment) > maxSegment:
			return fmt.Errorf("key %q has a segment of more than %d bytes: %w", key, maxSegment, ErrInvalid)
		}
	}
	for i := range len(key) {
		if c := key[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '-' || c == '_' || c == '/') {
			return fmt.Errorf("key %q has a character other than a-z, 0-9, dot, hyphen, underscore and slash: %w", key, ErrInvalid)
		}
	}
	return nil
}

// CheckPut checks the arguments of Store.Put.
func CheckPut(key string, size int64, sha256 string) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	if size < 0 {
		return fmt.Errorf("size %d: %w", size, ErrInvalid)
	}
	if b, err := hex.DecodeString(sha256); err != nil || len(b) != 32 || strings.ToLower(sha256) != sha256 {
		return fmt.Errorf("%q is not a SHA-256 in lower-case hexadecimal: %w", sha256, ErrInvalid)
	}
	return nil
}
