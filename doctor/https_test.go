package doctor

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/certificate"
)

// ownCertificate makes a certificate as a server does.
func ownCertificate(t *testing.T, now time.Time) (folder string) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "tls")
	_, err := certificate.OpenOwn(certificate.OwnOptions{Folder: folder, Now: func() time.Time { return now }, Machine: func() (certificate.Names, error) {
		return certificate.Names{DNS: []string{"localhost"}, Addresses: []netip.Addr{netip.MustParseAddr("192.168.1.5")}}, nil
	}})
	require.NoError(t, err)
	return folder
}

func TestOwnCertificate(t *testing.T) {
	now := time.Now()
	folder := ownCertificate(t, now)
	check := func(s Setup, at time.Time) Result {
		if s.Listen == "" {
			s.Listen = "0.0.0.0:8443"
		}
		host := map[string]string{"0.0.0.0:8443": "0.0.0.0", "127.0.0.1:8443": "127.0.0.1"}[s.Listen]
		return own(s, host, at)
	}
	requireResult(t, check(Setup{OwnCertificate: folder}, now), OK, "192.168.1.5")
	requireResult(t, https(t.Context(), Setup{Listen: ":8443", OwnCertificate: folder}), OK, "renews itself")
	requireResult(t, check(Setup{OwnCertificate: filepath.Join(folder, "none")}, now), OK, "at the first start")
	requireResult(t, check(Setup{OwnCertificate: folder, Listen: "127.0.0.1:8443"}, now), Warning, "this machine only")
	requireResult(t, check(Setup{OwnCertificate: folder, OwnNames: []string{"a b"}}, now), Failed, "a b")
	requireResult(t, check(Setup{OwnCertificate: folder}, now.Add(400*24*time.Hour)), Warning, "expired on")

	key := filepath.Join(folder, "authority.pem")
	require.NoError(t, os.Chmod(key, 0o640))
	r := check(Setup{OwnCertificate: folder}, now)
	requireResult(t, r, Failed, "can read the key")
	require.Equal(t, "chmod 600 '"+key+"'", r.Mend)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "server.pem"), []byte("x"), 0o600))
	requireResult(t, check(Setup{OwnCertificate: folder}, now), Warning, "cannot be used")
}

func TestACME(t *testing.T) {
	found := func(context.Context, string) ([]string, error) { return []string{"203.0.113.9"}, nil }
	lost := func(context.Context, string) ([]string, error) { return nil, errors.New("no such host") }
	const domain = "interviews.example.org"
	now := time.Now()
	// What an authority gave lies under its domain, a key with its certificate, as an own one does.
	folder := ownCertificate(t, now)
	require.NoError(t, os.Rename(filepath.Join(folder, "server.pem"), filepath.Join(folder, domain)))
	check := func(s Setup, at time.Time) Result {
		s.Domains = []string{domain}
		return acme(t.Context(), s, found, at)
	}
	requireResult(t, acme(t.Context(), Setup{Listen: ":443", ACME: folder, Domains: []string{domain}}, lost, now), Failed, "leads nowhere")
	requireResult(t, check(Setup{Listen: ":443", ACME: folder}, now), OK, domain)
	requireResult(t, check(Setup{Listen: ":443", ACME: folder}, now.Add(390*24*time.Hour)), Warning, "expires on")
	requireResult(t, check(Setup{Listen: ":443", ACME: folder}, now.Add(400*24*time.Hour)), Failed, "expired on")
	requireResult(t, check(Setup{Listen: ":443", ACME: t.TempDir()}, now), OK, "at the start")
	requireResult(t, check(Setup{Listen: ":8443", ACME: t.TempDir(), Challenge: ":80"}, now), OK, "at the start")
	r := check(Setup{Listen: ":8443", ACME: t.TempDir()}, now)
	requireResult(t, r, Warning, "443 or 80")
	require.Contains(t, r.Mend, "--acme-http")
	require.NoError(t, os.WriteFile(filepath.Join(folder, domain), []byte("x"), 0o600))
	requireResult(t, check(Setup{Listen: ":443", ACME: folder}, now), Failed, "cannot be used")
}

func TestProxy(t *testing.T) {
	answer := `{"now":1790000000000000}`
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "/api/candidate/clock", r.URL.Path)
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	trusting := server.Client().Transport
	requireResult(t, proxy(t.Context(), server.URL, trusting), OK, server.URL)
	requireResult(t, proxy(t.Context(), server.URL+"/", http.DefaultTransport), Failed, "certificate")
	answer = "<html>It works!</html>"
	requireResult(t, proxy(t.Context(), server.URL, trusting), Warning, "not by Trivue")
	requireResult(t, proxy(t.Context(), "http://interviews.example.org", trusting), Warning, "refuse camera")
	server.Close()
	requireResult(t, https(t.Context(), Setup{Listen: ":8080", PublicURL: server.URL}), Failed, "does not answer")
}
