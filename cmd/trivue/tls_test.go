package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"rsc.io/qr"

	"github.com/trivue/trivue/internal/acmetest"
)

// serving runs the server until it has said everything that a person needs, and gives that.
func serving(t *testing.T, args ...string) (said string, cmd *exec.Cmd) {
	t.Helper()
	cmd = command(t, nil, append([]string{"serve", "--ops-listen=", "--workers", "0", "--admin-password", "secret-enough"}, args...)...)
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		said += lines.Text() + "\n"
		if strings.HasPrefix(lines.Text(), "Ctrl+C") {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return said, cmd
		}
	}
	t.Fatalf("the server ended:\n%s%s", said, log.String())
	return "", nil
}

func opened(t *testing.T, said string) string {
	t.Helper()
	m := regexp.MustCompile(`Open\s+(\S+)`).FindStringSubmatch(said)
	require.NotNil(t, m, said)
	return m[1]
}

// signIn signs in over TLS, and gives the answer with the connection's state.
func signInOver(t *testing.T, client *http.Client, address string) *http.Response {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, address+"/api/session", strings.NewReader(`{"name":"admin","password":"secret-enough"}`))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, http.StatusOK, answer.StatusCode)
	return answer
}

func trusting(roots *x509.CertPool, at string) *http.Client {
	return &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if at != "" {
				address = at
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		}}}
}

func TestServeWithACertificateOfItsOwnMaking(t *testing.T) {
	data := t.TempDir()
	said, cmd := serving(t, "--data", data, "--tls", "own", "--tls-name", "interviews.example.org", "--listen", "127.0.0.1:0")
	address := opened(t, said)
	require.Regexp(t, `^https://127\.0\.0\.1:\d+$`, address)
	authority, err := os.ReadFile(filepath.Join(data, "tls", "authority.crt"))
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(authority))

	answer := signInOver(t, trusting(roots, ""), address)
	assert.Equal(t, 2, answer.ProtoMajor)
	for _, cookie := range answer.Cookies() {
		assert.True(t, cookie.Secure, "cookies are for HTTPS only")
	}
	shown := answer.TLS.PeerCertificates[0]
	assert.Contains(t, said, fingerprintOf(shown), "who is shown the browser's warning can compare")
	assert.NotContains(t, said, "▀", "no picture where nobody sees it")
	_, err = trusting(x509.NewCertPool(), "").Get(address)
	require.Error(t, err, "who does not know the authority")
	signInOver(t, trusting(roots, strings.TrimPrefix(address, "https://")), "https://interviews.example.org")

	fetched, err := trusting(roots, "").Get(address + "/authority.crt")
	require.NoError(t, err)
	defer fetched.Body.Close()
	der, err := io.ReadAll(fetched.Body)
	require.NoError(t, err)
	offered, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	assert.True(t, offered.IsCA)
	assert.Contains(t, said, fingerprintOf(offered))

	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait())
}

func fingerprintOf(c *x509.Certificate) string {
	return strings.ToUpper(strings.ReplaceAll(fmt.Sprintf("% x", sha256.Sum256(c.Raw)), " ", ":"))
}

func TestServeWithACertificateOfARealAuthority(t *testing.T) {
	if testing.Short() {
		t.Skip("needs an ACME server")
	}
	const domain = "interviews.example.org"
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	listen := free.Addr().String()
	authority := acmetest.Start(t, 1, free.Addr().(*net.TCPAddr).Port)
	require.NoError(t, free.Close())
	data := t.TempDir()
	said, cmd := serving(t, "--data", data, "--acme-domain", domain, "--acme-email", "it@example.org", "--acme-directory", authority.Directory, "--acme-roots", authority.RootsFile, "--listen", listen)
	assert.Contains(t, opened(t, said), "https://"+domain)
	assert.NotContains(t, said, "Warning")
	answer := signInOver(t, trusting(authority.Issuers, listen), "https://"+domain)
	assert.Equal(t, []string{domain}, answer.TLS.PeerCertificates[0].DNSNames)
	for _, cookie := range answer.Cookies() {
		assert.True(t, cookie.Secure)
	}
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait())
	info, err := os.Stat(filepath.Join(data, "acme", domain))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestWaysToHTTPS(t *testing.T) {
	for _, c := range []struct {
		flags tlsFlags
		mode  string
		wrong string
	}{
		{tlsFlags{}, tlsOff, ""},
		{tlsFlags{Cert: "c", Key: "k"}, tlsFiles, ""},
		{tlsFlags{Domains: []string{"d"}}, tlsACME, ""},
		{tlsFlags{Mode: tlsOwn, Names: []string{"n"}}, tlsOwn, ""},
		{tlsFlags{Mode: tlsFiles, Cert: "c", Key: "k"}, tlsFiles, ""},
		{tlsFlags{Cert: "c"}, "", "belong together"},
		{tlsFlags{Mode: tlsFiles}, "", "belong together"},
		{tlsFlags{Mode: tlsOwn, Cert: "c", Key: "k"}, "", "not for --tls own"},
		{tlsFlags{Mode: tlsACME}, "", "--acme-domain"},
		{tlsFlags{Email: "a@b"}, "", "--acme-…"},
		{tlsFlags{Mode: tlsOwn, Domains: []string{"d"}}, "", "--acme-…"},
		{tlsFlags{Names: []string{"n"}}, "", "--tls-name"},
	} {
		mode, err := c.flags.mode()
		assert.Equal(t, c.mode, mode, "%+v", c.flags)
		if c.wrong != "" {
			assert.ErrorContains(t, err, c.wrong, "%+v", c.flags)
		} else {
			assert.NoError(t, err)
		}
	}
	missing := filepath.Join(t.TempDir(), "none")
	for _, args := range [][]string{{"--tls", "nonsense"}, {"--tls-cert", missing, "--tls-key", missing}, {"--acme-domain", "192.168.1.5"}, {"--acme-domain", "a.b", "--acme-roots", missing}, {"--tls", "own", "--tls-name", "a b"}} {
		got := trivue(t, nil, append([]string{"serve", "--listen", "127.0.0.1:0", "--ops-listen=", "--data", t.TempDir()}, args...)...)
		assert.NotZero(t, got.code, args)
		assert.NotEmpty(t, got.stderr, args)
	}
}

// TestWhereOthersReachTheServer is about what is said at the start: plain HTTP on a network is of no use to phones.
func TestWhereOthersReachTheServer(t *testing.T) {
	at := func(listen string) net.Listener {
		address := netip.MustParseAddrPort(listen)
		return fixed{&net.TCPAddr{IP: address.Addr().AsSlice(), Port: int(address.Port())}}
	}
	plain, secure := &front{}, &front{config: &tls.Config{}}
	lan := netip.MustParseAddr("192.168.1.5")
	var c serveCommand
	assert.Empty(t, c.elsewhere(at("127.0.0.1:8080"), plain, lan))
	assert.Equal(t, "http://192.168.1.5:8080", c.elsewhere(at("0.0.0.0:8080"), plain, lan))
	assert.Equal(t, "https://192.168.1.5:8443", c.elsewhere(at("[::]:8443"), secure, lan))
	assert.Equal(t, "https://10.0.0.7:8443", c.elsewhere(at("10.0.0.7:8443"), secure, lan))
	assert.Empty(t, c.elsewhere(at("0.0.0.0:8443"), secure, netip.Addr{}))
	assert.Equal(t, "https://interviews.example.org", c.address(at("0.0.0.0:443"), &front{config: &tls.Config{}, domain: "interviews.example.org"}))
	assert.Equal(t, "https://localhost:8443", c.address(at("0.0.0.0:8443"), secure))
}

// fixed is a listener that only says where it is.
type fixed struct{ at net.Addr }

func (f fixed) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (f fixed) Close() error              { return nil }
func (f fixed) Addr() net.Addr            { return f.at }

func TestTheQRCodeInTheTerminalIsTheAddress(t *testing.T) {
	const address = "https://192.168.1.5:8443"
	var out strings.Builder
	require.NoError(t, drawQR(&out, address))
	want, err := qr.Encode(address, qr.L)
	require.NoError(t, err)
	drawn := strings.Split(regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(out.String(), ""), "\n")
	for y := range want.Size {
		row := []rune(drawn[(y+4)/2])
		for x := range want.Size {
			black := row[x+4] == '█' || row[x+4] == map[int]rune{0: '▀', 1: '▄'}[(y+4)%2]
			require.Equal(t, want.Black(x, y), black, "module %d, %d", x, y)
		}
	}
	assert.Contains(t, out.String(), address)
	assert.Error(t, drawQR(io.Discard, strings.Repeat("x", 5000)))
}
