package certificate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// LetsEncrypt is the directory of the authority that is asked where no other is named.
const LetsEncrypt = acme.LetsEncryptURL

// ACMEOptions say for which names an authority is asked, and where what it gives is kept.
type ACMEOptions struct {
	Folder  string
	Domains []string
	// Email is whom the authority tells of trouble; none if empty.
	Email string
	// Directory is the authority's address; LetsEncrypt if empty.
	Directory string
	// Roots are whom to believe that they are the authority; the system's if nil.
	Roots *x509.CertPool
	Log   *slog.Logger
}

// ACME gets and renews certificates by ACME (RFC 8555). The authority looks whether this server is what the names lead to: by a TLS
// connection to port 443 (RFC 8737), which TLSConfig answers, or by HTTP to port 80, which Challenge answers where it is served.
type ACME struct {
	opts    ACMEOptions
	manager *autocert.Manager
}

// OpenACME makes what asks. It agrees to the authority's terms of service on behalf of who has named the authority.
func OpenACME(opts ACMEOptions) (*ACME, error) {
	if len(opts.Domains) == 0 {
		return nil, errors.New("no domain to get a certificate for")
	}
	for _, domain := range opts.Domains {
		if _, err := (Names{}).add([]string{domain}); err != nil || net.ParseIP(domain) != nil {
			return nil, fmt.Errorf("%q is not a domain: write it as interviews.example.org", domain)
		}
	}
	if opts.Directory == "" {
		opts.Directory = LetsEncrypt
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: opts.Roots}
	return &ACME{opts: opts, manager: &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(opts.Folder), HostPolicy: only(opts.Domains), Email: opts.Email,
		Client: &acme.Client{DirectoryURL: opts.Directory, UserAgent: "trivue", HTTPClient: &http.Client{Transport: transport, Timeout: time.Minute}},
	}}, nil
}

// only allows some domains. A port that was forwarded from another one is still there when the authority asks by HTTP.
func only(domains []string) autocert.HostPolicy {
	allowed := autocert.HostWhitelist(domains...)
	return func(ctx context.Context, host string) error {
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		return allowed(ctx, host)
	}
}

// TLSConfig is for a server that proves itself with these certificates. Who names none of the domains gets none: a certificate for
// another name would be refused all the same.
func (a *ACME) TLSConfig() *tls.Config {
	config := a.manager.TLSConfig()
	config.MinVersion = tls.VersionTLS12
	return config
}

// Challenge answers the authority over plain HTTP, and leads everybody else to HTTPS.
func (a *ACME) Challenge() http.Handler { return a.manager.HTTPHandler(nil) }

// Obtain gets the certificates that are not there yet, so that the first visitor need not wait, and an operator hears at once why it
// cannot be done. Later failures are tried again by themselves.
func (a *ACME) Obtain(ctx context.Context) {
	for _, domain := range a.opts.Domains {
		if ctx.Err() != nil {
			return
		}
		certificate, err := a.manager.GetCertificate(modern(domain))
		if err != nil {
			a.opts.Log.Error("no certificate could be got; it is tried again when somebody comes. The name must lead to this machine, with port 443 (or 80 and --acme-http) open",
				"domain", domain, "authority", a.opts.Directory, "error", err)
			continue
		}
		a.opts.Log.Info("certificate", "domain", domain, "until", certificate.Leaf.NotAfter.Format(time.DateOnly))
	}
}

// modern is how today's browsers begin: with ECDSA.
func modern(domain string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{ServerName: domain, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
		SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}, SupportedCurves: []tls.CurveID{tls.CurveP256}}
}
