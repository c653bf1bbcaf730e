// Package acmetest gives tests a real authority that speaks ACME: Pebble, Let's Encrypt's own test server, with a name server beside it
// for which every name is this machine.
package acmetest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/trivue/trivue/internal/testserver"
)

// Authority is a running ACME server.
type Authority struct {
	Directory string // its address
	RootsFile string // PEM of whom to believe that it is the authority
	Roots     *x509.CertPool
	Issuers   *x509.CertPool // whom its certificates lead to
}

// Start runs an authority that looks for what it asks to see at these ports of this machine. The test is skipped where Pebble is not
// installed, or fails, see testserver.Missing.
func Start(t testing.TB, httpPort, tlsPort int) Authority {
	t.Helper()
	pebble, names := binary("pebble"), binary("pebble-challtestsrv")
	if pebble == "" || names == "" {
		testserver.Missing(t, "pebble is not installed (scripts/setup.sh test builds it)")
	}
	// Between finding free ports and the servers' taking them, somebody else may.
	var a Authority
	var err error
	for range 3 {
		if a, err = start(t.TempDir(), pebble, names, httpPort, tlsPort); err == nil {
			return a
		}
	}
	t.Fatalf("start pebble: %v", err)
	return a
}

// binary finds a program in PATH, or where scripts/setup.sh has put it.
func binary(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	_, here, _, _ := runtime.Caller(0)
	path := filepath.Join(filepath.Dir(here), "..", "..", ".cache", "bin", name)
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

func start(dir, pebble, names string, httpPort, tlsPort int) (Authority, error) {
	api, err := freePort()
	if err != nil {
		return Authority{}, err
	}
	management, err := freePort()
	if err != nil {
		return Authority{}, err
	}
	dns, err := freePort()
	if err != nil {
		return Authority{}, err
	}
	tell, err := freePort()
	if err != nil {
		return Authority{}, err
	}
	a := Authority{Directory: "https://" + api + "/dir", RootsFile: filepath.Join(dir, "cert.pem")}
	if a.Roots, err = ownCertificate(dir); err != nil {
		return a, err
	}
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": api, "managementListenAddress": management, "certificate": a.RootsFile, "privateKey": filepath.Join(dir, "key.pem"),
		"httpPort": httpPort, "tlsPort": tlsPort, "retryAfter": map[string]int{"authz": 1, "order": 1}, "keyAlgorithm": "ecdsa",
		"profiles": map[string]any{"default": map[string]any{"description": "three months", "validityPeriod": 7776000}},
	}})
	if err != nil {
		return a, err
	}
	path := filepath.Join(dir, "config.json")
	if err := os.WriteFile(path, config, 0o600); err != nil {
		return a, err
	}
	// A server removes its folder when it ends.
	for _, each := range []string{"names", "pebble"} {
		if err := os.MkdirAll(filepath.Join(dir, each), 0o700); err != nil {
			return a, err
		}
	}
	if _, err := testserver.Start(filepath.Join(dir, "names"), "TERM", nil, names, "-dnsserver", dns, "-management", tell, "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "",
		"-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""); err != nil {
		return a, err
	}
	// Pebble sleeps and refuses at random to make clients robust; this is not about the client.
	server, err := testserver.Start(filepath.Join(dir, "pebble"), "TERM", nil, "env", "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0", pebble, "-config", path, "-dnsserver", dns)
	if err != nil {
		return a, err
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.Roots}, DisableKeepAlives: true}}
	err = server.Ready(func(ctx context.Context) error {
		root, err := get(ctx, client, "https://"+management+"/roots/0")
		if err != nil {
			return err
		}
		if a.Issuers = x509.NewCertPool(); !a.Issuers.AppendCertsFromPEM(root) {
			return errors.New("pebble's root is no certificate")
		}
		_, err = get(ctx, client, a.Directory)
		return err
	})
	if err != nil {
		server.Stop()
	}
	return a, err
}

func get(ctx context.Context, client *http.Client, url string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, errors.New(answer.Status)
	}
	return io.ReadAll(answer.Body)
}

// ownCertificate makes what the authority's own API is served with.
func ownCertificate(dir string) (*x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return pool, errors.Join(os.WriteFile(filepath.Join(dir, "cert.pem"), text, 0o600),
		os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
