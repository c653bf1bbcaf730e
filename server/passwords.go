package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

// Cost of a password check: argon2id with 64 MiB and one pass more than RFC 9106's second recommendation has at that memory for
// its parallelism, as one thread.
const (
	argonTime   = 3
	argonMemory = 64 << 10 // KiB
	argonLength = 32
)

// hashing bounds how many checks run at once: each takes 64 MiB, and a flood of logins must not take all memory.
var hashing = semaphore.NewWeighted(2)

// hashPassword gives the password's hash in the form that argon2's own tools write.
func hashPassword(ctx context.Context, password string) (string, error) {
	if err := hashing.Acquire(ctx, 1); err != nil {
		return "", err
	}
	defer hashing.Release(1)
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails (crypto/rand)
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, 1, argonLength)
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, argonMemory, argonTime, encode(salt), encode(key)), nil
}

func checkPassword(ctx context.Context, hash, password string) (bool, error) {
	var version, memory, passes, threads int
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errors.New("a password hash of an unknown kind")
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &threads); err != nil {
		return false, fmt.Errorf("password hash: %w", err)
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, fmt.Errorf("password hash: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil {
		return false, fmt.Errorf("password hash: %w", err)
	}
	if err := hashing.Acquire(ctx, 1); err != nil {
		return false, err
	}
	defer hashing.Release(1)
	got := argon2.IDKey([]byte(password), salt, uint32(passes), uint32(memory), uint8(threads), uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// newToken makes a secret of 256 bits for a cookie or a header.
func newToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}

// hashToken is what is kept of a token: whoever reads the database can log in with none of them.
func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// EnsureAdmin makes the first administrator if there is no staff at all, and gives the password to be printed: the one given, or
// a new one. It is empty where somebody was there already.
func EnsureAdmin(ctx context.Context, s Store, newID func() string, name, password string) (string, error) {
	n, err := s.StaffCount(ctx)
	if err != nil || n > 0 {
		return "", err
	}
	if password == "" {
		password = rand.Text()[:16]
	}
	_, err = AddStaff(ctx, s, newID(), name, password, exam.Admin)
	if errors.Is(err, store.ErrConflict) {
		return "", nil // another process was quicker
	}
	return password, err
}

// shortestPassword is how many characters a password needs (NIST SP 800-63B asks for 8 at least).
const shortestPassword = 8

// AddStaff makes a member of staff who can sign in. A name that exists is store.ErrConflict.
func AddStaff(ctx context.Context, s interface {
	CreateStaff(ctx context.Context, m store.Staff) error
}, id, name, password string, role exam.Role) (store.Staff, error) {
	if name = strings.TrimSpace(name); name == "" || len(name) > 100 {
		return store.Staff{}, errors.New("the name must have 1 to 100 bytes")
	}
	if utf8.RuneCountInString(password) < shortestPassword || len(password) > 1000 {
		return store.Staff{}, fmt.Errorf("the password is too short or too long: it must have at least %d characters, and 1,000 bytes at most", shortestPassword)
	}
	if !role.Valid() {
		return store.Staff{}, fmt.Errorf("there is no role %q; there are %s", role, exam.Roles)
	}
	hash, err := hashPassword(ctx, password)
	if err != nil {
		return store.Staff{}, err
	}
	m := store.Staff{ID: id, Name: name, PasswordHash: hash, Role: role}
	return m, s.CreateStaff(ctx, m)
}

// loginGuard slows guessing down: so many failures for a name from an address, and the pair has to wait.
type loginGuard struct {
	mu       sync.Mutex
	failures map[string]failure
	now      func() time.Time
}

type failure struct {
	count int
	until time.Time // when the count is forgotten
}

const (
	freeFailures = 5
	failureWait  = 5 * time.Minute
	mostFailures = 10_000 // pairs that are remembered
)

func newLoginGuard(now func() time.Time) *loginGuard {
	return &loginGuard{failures: map[string]failure{}, now: now}
}

// begin counts a try before its password is checked, so that many at once are counted too. It gives how long a name and address
// have to wait; 0: not at all, and the try may be made. Tries is the how manyth it is.
func (g *loginGuard) begin(key string) (wait time.Duration, tries int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	f := g.failures[key]
	if !f.until.After(now) {
		f.count = 0
	}
	if f.count >= freeFailures {
		return f.until.Sub(now), f.count
	}
	if len(g.failures) >= mostFailures {
		for k, f := range g.failures {
			if f.until.Before(now) || len(g.failures) >= mostFailures {
				delete(g.failures, k)
			}
		}
	}
	g.failures[key] = failure{count: f.count + 1, until: now.Add(failureWait)}
	return 0, f.count + 1
}

func (g *loginGuard) succeeded(key string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.failures, key)
}
