package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/trivue/trivue/certificate"
)

// Ways to HTTPS.
const (
	tlsOff   = "off"
	tlsOwn   = "own"
	tlsACME  = "acme"
	tlsFiles = "files"
)

// tlsFlags say what a server proves its name with: the same for serve and for doctor.
type tlsFlags struct {
	Mode  string   `name:"tls" help:"HTTPS by a certificate of its own making (own), by one from an authority such as Let's Encrypt (acme), by --tls-cert and --tls-key (files), or none (off). Where not given, what other flags say." enum:"own,acme,files,off," default:""`
	Names []string `name:"tls-name" help:"More names and addresses that the own certificate is for." placeholder:"NAME"`
	Cert  string   `name:"tls-cert" help:"TLS certificate (PEM); browsers allow cameras on HTTPS pages only." placeholder:"FILE"`
	Key   string   `name:"tls-key" help:"Its key (PEM)." placeholder:"FILE"`

	Domains   []string `name:"acme-domain" help:"Names to get a certificate for; you agree to the authority's terms of service." placeholder:"DOMAIN"`
	Email     string   `name:"acme-email" help:"Whom the authority tells of trouble." placeholder:"ADDRESS"`
	Directory string   `name:"acme-directory" help:"Another authority than Let's Encrypt." placeholder:"URL"`
	Roots     string   `name:"acme-roots" help:"Whom to believe that they are that authority (PEM), where it is not a public one." placeholder:"FILE"`
	Challenge string   `name:"acme-http" help:"Address, such as :80, at which the authority is answered by HTTP and everybody else led to HTTPS. Not needed where port 443 leads to --listen." placeholder:"ADDRESS"`
}

// mode is the way to HTTPS, by --tls or by what else was given.
func (f tlsFlags) mode() (string, error) {
	mode := f.Mode
	if mode == "" {
		switch {
		case f.Cert != "" || f.Key != "":
			mode = tlsFiles
		case len(f.Domains) > 0:
			mode = tlsACME
		default:
			mode = tlsOff
		}
	}
	switch {
	case mode == tlsFiles && (f.Cert == "" || f.Key == ""):
		return "", errors.New("--tls-cert and --tls-key belong together")
	case mode != tlsFiles && (f.Cert != "" || f.Key != ""):
		return "", fmt.Errorf("--tls-cert and --tls-key are for --tls files, not for --tls %s", mode)
	case mode == tlsACME && len(f.Domains) == 0:
		return "", errors.New("--tls acme needs --acme-domain: the name that browsers open")
	case mode != tlsACME && (len(f.Domains) > 0 || f.Email != "" || f.Directory != "" || f.Roots != "" || f.Challenge != ""):
		return "", fmt.Errorf("--acme-… are for --tls acme, not for --tls %s", mode)
	case mode != tlsOwn && len(f.Names) > 0:
		return "", fmt.Errorf("--tls-name is for --tls own, not for --tls %s", mode)
	}
	return mode, nil
}

// Folders of the data folder.
func ownFolder(data string) string  { return filepath.Join(data, "tls") }
func acmeFolder(data string) string { return filepath.Join(data, "acme") }

// front is how a server meets browsers.
type front struct {
	config    *tls.Config // nil: plain HTTP
	own       *certificate.Own
	acme      *certificate.ACME
	domain    string       // that the certificate is for, where people must use it
	challenge net.Listener // of ACME over HTTP; nil where there is none
}

// openFront makes what proves the server's name.
func (f tlsFlags) openFront(data string, log *slog.Logger) (*front, error) {
	mode, err := f.mode()
	if err != nil {
		return nil, &exitError{2, err}
	}
	switch mode {
	case tlsOwn:
		own, err := certificate.OpenOwn(certificate.OwnOptions{Folder: ownFolder(data), More: f.Names, Log: log})
		if err != nil {
			return nil, err
		}
		return &front{config: own.TLSConfig(), own: own}, nil
	case tlsACME:
		return f.openACME(data, log)
	case tlsFiles:
		pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
		if err != nil {
			return nil, &exitError{2, fmt.Errorf("--tls-cert, --tls-key: %w", err)}
		}
		return &front{config: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}}, nil
	default:
		return &front{}, nil
	}
}

func (f tlsFlags) openACME(data string, log *slog.Logger) (*front, error) {
	options := certificate.ACMEOptions{Folder: acmeFolder(data), Domains: f.Domains, Email: f.Email, Directory: f.Directory, Log: log}
	if f.Roots != "" {
		text, err := os.ReadFile(f.Roots)
		if err != nil {
			return nil, &exitError{2, fmt.Errorf("--acme-roots: %w", err)}
		}
		if options.Roots = x509.NewCertPool(); !options.Roots.AppendCertsFromPEM(text) {
			return nil, &exitError{2, fmt.Errorf("--acme-roots: there is no certificate (PEM) in %s", f.Roots)}
		}
	}
	acme, err := certificate.OpenACME(options)
	if err != nil {
		return nil, &exitError{2, fmt.Errorf("--acme-domain: %w", err)}
	}
	result := &front{config: acme.TLSConfig(), acme: acme, domain: f.Domains[0]}
	if f.Challenge != "" {
		if result.challenge, err = net.Listen("tcp", f.Challenge); err != nil {
			return nil, fmt.Errorf("%w; choose another with --acme-http", err)
		}
	}
	return result, nil
}

// close gives up what listens.
func (f *front) close() {
	if f.challenge != nil {
		f.challenge.Close()
	}
}

// pages are what is served beside the API: with an own certificate also what phones can install to believe it.
func (f *front) pages(next http.Handler) http.Handler {
	if f.own != nil {
		return f.own.Offer(next)
	}
	return next
}

// serve answers ACME over HTTP and gets the first certificates, until ctx ends.
func (f *front) serve(ctx context.Context, faults *stdlog.Logger) error {
	if f.acme == nil {
		return nil
	}
	obtained := make(chan struct{})
	go func() { defer close(obtained); f.acme.Obtain(ctx) }()
	if f.challenge != nil {
		server := &http.Server{Handler: f.acme.Challenge(), ReadHeaderTimeout: 15 * time.Second, ErrorLog: faults}
		defer context.AfterFunc(ctx, func() { server.Close() })()
		return ignoreClosed(server.Serve(f.challenge))
	}
	// An authority that does not answer is waited for by minutes, which a shutdown is not.
	select {
	case <-obtained:
	case <-ctx.Done():
	}
	return nil
}
