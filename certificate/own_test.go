package certificate_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/certificate"
)

// machine is one whose names and clock change as a test says.
type machine struct {
	names certificate.Names
	now   time.Time
	log   bytes.Buffer
}

func newMachine() *machine {
	return &machine{now: time.Now(), names: certificate.Names{DNS: []string{"localhost", "hall"}, Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.168.1.5")}}}
}

func (m *machine) open(t *testing.T, folder string, more ...string) *certificate.Own {
	t.Helper()
	own, err := certificate.OpenOwn(certificate.OwnOptions{Folder: folder, More: more, Now: func() time.Time { return m.now },
		Machine: func() (certificate.Names, error) { return m.names, nil }, Log: slog.New(slog.NewTextHandler(&m.log, nil))})
	require.NoError(t, err)
	return own
}

// serve runs a real server with a certificate, and gives its address.
func serve(t *testing.T, config *tls.Config) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{TLSConfig: config, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	go func() { _ = server.ServeTLS(listener, "", "") }()
	t.Cleanup(func() { server.Close() })
	return listener.Addr().String()
}

// meet connects as a client that knows a server by a name and believes in roots; the certificate that it was shown.
func meet(t *testing.T, address, name string, roots *x509.CertPool, now time.Time) (*x509.Certificate, error) {
	t.Helper()
	conn, err := tls.Dial("tcp", address, &tls.Config{ServerName: name, RootCAs: roots, Time: func() time.Time { return now }})
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0], nil
}

// installed is the authority as a phone has it that fetched it from the server.
func installed(t *testing.T, own *certificate.Own) *x509.CertPool {
	t.Helper()
	w := httptest.NewRecorder()
	own.Offer(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, certificate.AuthorityPath, nil))
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "application/x-x509-ca-cert", w.Header().Get("Content-Type"))
	authority, err := x509.ParseCertificate(w.Body.Bytes())
	require.NoError(t, err)
	_, shown := own.Fingerprints()
	require.Len(t, shown, 32*3-1)
	pool := x509.NewCertPool()
	pool.AddCert(authority)
	return pool
}

func TestPhonesThatInstalledTheAuthorityBelieveTheServer(t *testing.T) {
	m, folder := newMachine(), t.TempDir()
	own := m.open(t, folder, "interviews.example.org", "203.0.113.9")
	address, roots := serve(t, own.TLSConfig()), installed(t, own)
	for _, name := range []string{"localhost", "hall", "127.0.0.1", "192.168.1.5", "interviews.example.org", "203.0.113.9"} {
		shown, err := meet(t, address, name, roots, m.now)
		require.NoError(t, err, name)
		assert.LessOrEqual(t, shown.NotAfter.Sub(shown.NotBefore), 397*24*time.Hour)
	}
	_, err := meet(t, address, "elsewhere.example.org", roots, m.now)
	require.Error(t, err, "a name that is not the server's")
	_, err = meet(t, address, "localhost", x509.NewCertPool(), m.now)
	require.Error(t, err, "who has not installed the authority")

	for name, mode := range map[string]os.FileMode{"authority.pem": 0o600, "server.pem": 0o600, "authority.crt": 0o644} {
		info, err := os.Stat(filepath.Join(folder, name))
		require.NoError(t, err)
		assert.Equal(t, mode, info.Mode().Perm(), name)
	}
	offered, err := os.ReadFile(filepath.Join(folder, "authority.crt"))
	require.NoError(t, err)
	assert.NotContains(t, string(offered), "KEY")
	again := m.open(t, folder, "interviews.example.org", "203.0.113.9")
	was, _ := own.Fingerprints()
	is, _ := again.Fingerprints()
	assert.Equal(t, was, is, "a restart changes nothing")
}

// TestAnAuthorityThatIsStolenIsOfNoUseElsewhere signs for somebody else with the key that lies in the data folder.
func TestAnAuthorityThatIsStolenIsOfNoUseElsewhere(t *testing.T) {
	m, folder := newMachine(), t.TempDir()
	own := m.open(t, folder)
	pair, err := tls.LoadX509KeyPair(filepath.Join(folder, "authority.pem"), filepath.Join(folder, "authority.pem"))
	require.NoError(t, err)
	for name, template := range map[string]*x509.Certificate{
		"bank.example.org": {DNSNames: []string{"bank.example.org"}}, "203.0.113.9": {IPAddresses: []net.IP{net.ParseIP("203.0.113.9")}},
	} {
		template.NotBefore, template.NotAfter = m.now.Add(-time.Hour), m.now.Add(time.Hour)
		forged, err := x509.CreateCertificate(bytes.NewReader(make([]byte, 1024)), template, pair.Leaf, pair.Leaf.PublicKey, pair.PrivateKey)
		require.NoError(t, err)
		address := serve(t, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{forged}, PrivateKey: pair.PrivateKey}}})
		_, err = meet(t, address, name, installed(t, own), m.now)
		require.Error(t, err, name)
		assert.ErrorContains(t, err, "not permitted", name)
	}
}

func TestTheCertificateFollowsTheMachine(t *testing.T) {
	m, folder := newMachine(), t.TempDir()
	own := m.open(t, folder)
	address, roots := serve(t, own.TLSConfig()), installed(t, own)
	fingerprint := func() string { server, _ := own.Fingerprints(); return server }
	first := fingerprint()

	m.names.Addresses = append(m.names.Addresses, netip.MustParseAddr("10.0.0.7"))
	_, err := meet(t, address, "10.0.0.7", roots, m.now)
	require.Error(t, err, "the machine is looked at once in a while, not with every connection")
	m.now = m.now.Add(time.Minute)
	_, err = meet(t, address, "10.0.0.7", roots, m.now)
	require.NoError(t, err, "a new address of the machine")
	second := fingerprint()
	assert.NotEqual(t, first, second)

	m.names.Addresses = m.names.Addresses[:2]
	m.now = m.now.Add(time.Minute)
	_, err = meet(t, address, "hall", roots, m.now)
	require.NoError(t, err)
	assert.Equal(t, second, fingerprint(), "an address that is gone changes nothing: phones need not be told anew")

	m.now = m.now.Add(370 * 24 * time.Hour)
	_, err = meet(t, address, "hall", roots, m.now)
	require.NoError(t, err)
	third := fingerprint()
	assert.NotEqual(t, second, third, "near its end")
	kept, err := certificate.KeptOwn(folder)
	require.NoError(t, err)
	assert.Greater(t, kept.Until.Sub(m.now), 390*24*time.Hour)

	// A name that the authority may not vouch for makes a new one.
	m.names.DNS = []string{"localhost", "foyer"}
	m.now = m.now.Add(time.Minute)
	_, err = meet(t, address, "foyer", roots, m.now)
	require.Error(t, err)
	assert.Contains(t, m.log.String(), "new authority")
	_, err = meet(t, address, "foyer", installed(t, own), m.now)
	require.NoError(t, err)
}

func TestDamagedFilesAreMadeAnew(t *testing.T) {
	for _, name := range []string{"authority.pem", "server.pem"} {
		m, folder := newMachine(), t.TempDir()
		m.open(t, folder)
		path := filepath.Join(folder, name)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, text[:len(text)/2], 0o644))
		own := m.open(t, folder)
		assert.Contains(t, m.log.String(), name)
		_, err = meet(t, serve(t, own.TLSConfig()), "hall", installed(t, own), m.now)
		require.NoError(t, err, name)
		kept, err := certificate.KeptOwn(folder)
		require.NoError(t, err)
		assert.Empty(t, kept.Readable)
	}
}

func TestAKeyThatOthersCanReadIsClosed(t *testing.T) {
	m, folder := newMachine(), t.TempDir()
	m.open(t, folder)
	require.NoError(t, os.Chmod(filepath.Join(folder, "authority.pem"), 0o644))
	kept, err := certificate.KeptOwn(folder)
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(folder, "authority.pem"), kept.Readable)
	m.open(t, folder)
	kept, err = certificate.KeptOwn(folder)
	require.NoError(t, err)
	assert.Empty(t, kept.Readable)
}

func TestWhatCannotBeRenewedStays(t *testing.T) {
	m, folder := newMachine(), t.TempDir()
	own := m.open(t, folder)
	address, roots := serve(t, own.TLSConfig()), installed(t, own)
	// The folder is gone, and a file is in its place: nothing can be written.
	require.NoError(t, os.RemoveAll(folder))
	require.NoError(t, os.WriteFile(folder, nil, 0o600))
	m.now = m.now.Add(time.Hour)
	_, err := meet(t, address, "hall", roots, m.now)
	require.NoError(t, err)
	assert.Contains(t, m.log.String(), "could not be renewed")
}

func TestNamesAreCheckedAtTheStart(t *testing.T) {
	for _, name := range []string{"", "a b", "-x.org", "*.example.org", "https://example.org", "exam_ple"} {
		_, err := certificate.OpenOwn(certificate.OwnOptions{Folder: t.TempDir(), More: []string{name}})
		assert.Error(t, err, name)
	}
	names, err := certificate.Machine()
	require.NoError(t, err)
	assert.Contains(t, names.DNS, "localhost")
	assert.Contains(t, names.Addresses, netip.MustParseAddr("127.0.0.1"))
	assert.True(t, strings.HasPrefix(names.String(), names.DNS[0]))
}

func TestTheKeyIsOnTheCurveThatEveryPhoneKnows(t *testing.T) {
	m, folder := newMachine(), t.TempDir()
	m.open(t, folder)
	text, err := os.ReadFile(filepath.Join(folder, "server.pem"))
	require.NoError(t, err)
	block, _ := pem.Decode(text)
	c, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	assert.Equal(t, x509.ECDSA, c.PublicKeyAlgorithm)
	assert.Equal(t, x509.ECDSAWithSHA256, c.SignatureAlgorithm)
	assert.Equal(t, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, c.ExtKeyUsage)
}
