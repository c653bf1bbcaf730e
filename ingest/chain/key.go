package chain

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Key signs receipts. It may be used by any number of goroutines.
type Key struct {
	signer   note.Signer
	verifier note.Verifier
	public   string
}

// Public gives the verifier's key as golang.org/x/mod/sumdb/note writes it, for publication: <name>+<hash>+<key>. Who has it can check
// receipts without this server.
func (k *Key) Public() string { return k.public }

// Name is the key's, as it stands in the signature line.
func (k *Key) Name() string { return k.signer.Name() }

// Verifier checks what Sign has signed.
func (k *Key) Verifier() note.Verifier { return k.verifier }

// Sign gives the receipt as a signed note. The same receipt gives the same note.
func (k *Key) Sign(r Receipt) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("sign a receipt: %w", err)
	}
	return note.Sign(&note.Note{Text: r.Text()}, k.signer)
}

// OpenKey reads the key in a file, and makes one of that name where there is no file. A file that cannot be read is an error and stays
// as it is: receipts were signed with it. An empty name stands for whatever the file has, «trivue» in a new one.
func OpenKey(path, name string) (*Key, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		made := name
		if made == "" {
			made = "trivue"
		}
		if err := makeKey(path, made); err != nil {
			return nil, fmt.Errorf("make the key of receipts: %w", err)
		}
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the key of receipts: %w", err)
	}
	key, err := parseKey(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("the key of receipts in %s is damaged; put it back from a backup, or move it away to begin with a new one: %w", path, err)
	}
	if name != "" && key.Name() != name {
		return nil, fmt.Errorf("the key of receipts in %s is named %q, not %q: keep that name, or move the file away to begin with a new key", path, key.Name(), name)
	}
	return key, nil
}

// makeKey puts a new key where no file is. Of several processes that do so at once one succeeds, and the others use its key: a name
// is linked only to a file that is whole and on the disk.
func makeKey(path, name string) error {
	secret, _, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return err
	}
	if _, err := note.NewSigner(secret); err != nil {
		return fmt.Errorf("%q cannot be a key's name: it must have no spaces and no plus: %w", name, err)
	}
	folder := filepath.Dir(path)
	file, err := os.CreateTemp(folder, filepath.Base(path)+".*") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(secret + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Link(file.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	opened, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer opened.Close()
	return opened.Sync()
}

// parseKey reads a private key: PRIVATE+KEY+<name>+<hash>+<algorithm and seed>. The note package keeps the public half to itself, so
// it is derived here.
func parseKey(secret string) (*Key, error) {
	signer, err := note.NewSigner(secret)
	if err != nil {
		return nil, err
	}
	fields := strings.SplitN(secret, "+", 5) // the last one is base64, which may itself contain a plus
	raw, err := base64.StdEncoding.DecodeString(fields[len(fields)-1])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return nil, errors.New("it has no Ed25519 seed")
	}
	public, err := note.NewEd25519VerifierKey(signer.Name(), ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		return nil, err
	}
	if verifier.KeyHash() != signer.KeyHash() {
		return nil, errors.New("its two halves do not belong together")
	}
	return &Key{signer: signer, verifier: verifier, public: public}, nil
}
