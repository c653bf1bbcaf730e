package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// Verifier hands through what a reader gives, and turns the end into an error if it is not what was announced. Whoever commits
// only after io.EOF therefore never commits wrong bytes.
type Verifier struct {
	ctx  context.Context
	r    io.Reader
	left int64
	size int64
	want string
	sum  hash.Hash
}

// NewVerifier gives a reader of r that ends with io.EOF only after exactly size bytes with that SHA-256 (lower-case
// hexadecimal), with ErrChecksum otherwise, and with ctx's error when ctx ends.
func NewVerifier(ctx context.Context, r io.Reader, size int64, sha256hex string) *Verifier {
	return &Verifier{ctx: ctx, r: r, left: size, size: size, want: sha256hex, sum: sha256.New()}
}

// Read implements io.Reader.
func (v *Verifier) Read(p []byte) (int, error) {
	if err := context.Cause(v.ctx); err != nil {
		return 0, err
	}
	n, err := v.r.Read(p)
	v.sum.Write(p[:n])
	if v.left -= int64(n); v.left < 0 {
		return 0, fmt.Errorf("more than the announced %d bytes: %w", v.size, ErrChecksum)
	}
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	if v.left > 0 {
		return n, fmt.Errorf("%d bytes, not the announced %d: %w", v.size-v.left, v.size, ErrChecksum)
	}
	if got := hex.EncodeToString(v.sum.Sum(nil)); got != v.want {
		return n, fmt.Errorf("SHA-256 is %s, not the announced %s: %w", got, v.want, ErrChecksum)
	}
	return n, io.EOF
}
