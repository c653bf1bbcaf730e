package certificate_test

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/certificate"
	"github.com/trivue/trivue/internal/acmetest"
)

// TestARealAuthorityGivesACertificate has Pebble look at a real server, once by TLS and once by HTTP alone.
func TestARealAuthorityGivesACertificate(t *testing.T) {
	if testing.Short() {
		t.Skip("needs an ACME server")
	}
	const domain = "interviews.example.org"
	for _, by := range []string{"tls-alpn-01", "http-01"} {
		t.Run(by, func(t *testing.T) {
			secure, plain := listen(t), listen(t)
			authority := acmetest.Start(t, port(plain), port(secure))
			folder := t.TempDir()
			open := func() *certificate.ACME {
				a, err := certificate.OpenACME(certificate.ACMEOptions{Folder: folder, Domains: []string{domain}, Email: "it@example.org", Directory: authority.Directory, Roots: authority.Roots, Log: slog.New(slog.DiscardHandler)})
				require.NoError(t, err)
				return a
			}
			a := open()
			config := a.TLSConfig()
			if by == "http-01" {
				config.NextProtos = []string{"h2", "http/1.1"} // a TLS proxy in between that does not know the other way
				challenge := a.Challenge()
				go func() { _ = http.Serve(plain, challenge) }()
			}
			serveAt(t, secure, config)
			a.Obtain(t.Context())
			shown, err := meet(t, secure.Addr().String(), domain, authority.Issuers, time.Now())
			require.NoError(t, err)
			assert.Equal(t, []string{domain}, shown.DNSNames)
			_, err = meet(t, secure.Addr().String(), "elsewhere.example.org", authority.Issuers, time.Now())
			require.Error(t, err, "nothing is asked for names that are not configured")

			kept, err := certificate.KeptACME(folder, domain)
			require.NoError(t, err)
			assert.Equal(t, shown.NotAfter, kept.Until)
			assert.Empty(t, kept.Readable)
			again := listen(t)
			serveAt(t, again, open().TLSConfig())
			cached, err := meet(t, again.Addr().String(), domain, authority.Issuers, time.Now())
			require.NoError(t, err)
			assert.Equal(t, shown.SerialNumber, cached.SerialNumber, "a restart asks for no new one: authorities limit how many they give")

			if by == "http-01" {
				client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
				r, err := http.NewRequest(http.MethodGet, "http://"+plain.Addr().String()+"/candidate?exam=x", nil)
				require.NoError(t, err)
				r.Host = domain
				answer, err := client.Do(r)
				require.NoError(t, err)
				defer answer.Body.Close()
				assert.Equal(t, "https://"+domain+"/candidate?exam=x", answer.Header.Get("Location"), "everybody else is led to HTTPS")
			}
		})
	}
}

func TestDomainsAreCheckedAtTheStart(t *testing.T) {
	for _, domains := range [][]string{nil, {"192.168.1.5"}, {"https://example.org"}, {"*.example.org"}} {
		_, err := certificate.OpenACME(certificate.ACMEOptions{Folder: t.TempDir(), Domains: domains})
		assert.Error(t, err, domains)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

func port(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

func serveAt(t *testing.T, l net.Listener, config *tls.Config) {
	t.Helper()
	server := &http.Server{TLSConfig: config, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	go func() { _ = server.ServeTLS(l, "", "") }()
	t.Cleanup(func() { server.Close() })
}
