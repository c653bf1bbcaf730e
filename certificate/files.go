package certificate

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// errDamaged is in the error of a file that holds no certificate with its key.
var errDamaged = errors.New("not a certificate with its key")

// load reads a certificate and its key out of one file, which only its owner may read.
func load(path string) (*tls.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the server's certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, errDamaged, err)
	}
	// Copied back from a backup, keys often come with the rights of the copier.
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		if err := os.Chmod(path, 0o600); err != nil {
			return nil, fmt.Errorf("others can read the key in %s: %w", path, err)
		}
	}
	return &pair, nil
}

// keep writes a certificate and its key into one file, so that no crash leaves one without the other.
func keep(path string, pair *tls.Certificate) error {
	secret, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})
	return write(path, append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...), 0o600)
}

// offer writes a certificate without its key, where it is not there already.
func offer(path string, c *x509.Certificate) error {
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, text) {
		return nil
	}
	return write(path, text, 0o644)
}

// write puts a whole file in place of another, or leaves that as it was.
func write(path string, content []byte, mode os.FileMode) (err error) {
	fresh, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // with mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s: %w", path, err)
			fresh.Close()
			os.Remove(fresh.Name())
		}
	}()
	if _, err = fresh.Write(content); err != nil {
		return err
	}
	if err = fresh.Chmod(mode); err != nil {
		return err
	}
	if err = errors.Join(fresh.Sync(), fresh.Close()); err != nil {
		return err
	}
	return os.Rename(fresh.Name(), path)
}

// Kept tells of the certificate that is kept in a folder: of an Own's, or of one of an ACME's domains.
type Kept struct {
	Names Names
	Until time.Time
	// Readable names a file with a key that others can read; empty where there is none.
	Readable string
}

// KeptOwn looks at an Own's folder without changing it. The error wraps os.ErrNotExist where nothing was made yet.
func KeptOwn(folder string) (Kept, error) { return kept(folder, leafFile, authorityFile) }

// KeptACME looks at what an ACME has got for a domain, without changing it. The error wraps os.ErrNotExist where that is nothing yet.
func KeptACME(folder, domain string) (Kept, error) { return kept(folder, domain) }

func kept(folder, name string, others ...string) (Kept, error) {
	path := filepath.Join(folder, name)
	text, err := os.ReadFile(path)
	if err != nil {
		return Kept{}, err
	}
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		return Kept{}, fmt.Errorf("%s: %w: %w", path, errDamaged, err)
	}
	k := Kept{Names: leafNames(pair.Leaf), Until: pair.Leaf.NotAfter}
	for _, each := range append([]string{name}, others...) {
		at := filepath.Join(folder, each)
		if info, err := os.Stat(at); err == nil && info.Mode().Perm()&0o077 != 0 {
			k.Readable = at
		}
	}
	return k, nil
}
