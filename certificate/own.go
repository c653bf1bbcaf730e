// Package certificate gives a server what it proves its name with, where nobody has given it a certificate: one of its own making
// (own.go), or one from an authority that speaks ACME (acme.go). Browsers give camera and microphone to HTTPS pages only.
package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	// leafLife is how long the server's certificate is valid: browsers refuse longer ones even of authorities that a person has added
	// (Apple beyond 825 days, and of others beyond 398).
	leafLife = 397 * 24 * time.Hour
	// authorityLife is long: whoever has installed the authority on a phone should not have to do it again.
	authorityLife = 10 * 365 * 24 * time.Hour
	// renewBefore is how long before its end a certificate is made anew.
	renewBefore = 30 * 24 * time.Hour
	// slow is how far behind a phone's clock may be.
	slow = time.Hour
	// lookEvery is how often the machine's addresses are looked at, when somebody connects.
	lookEvery = time.Minute
)

// AuthorityPath is where a server offers its authority's certificate, for phones to install.
const AuthorityPath = "/authority.crt"

// Files in the folder of an Own.
const (
	authorityFile = "authority.pem" // with its key
	leafFile      = "server.pem"    // with its key
	offeredFile   = "authority.crt" // without, to hand out
)

// OwnOptions say where an own certificate is kept, and for what.
type OwnOptions struct {
	Folder string
	// More are names and addresses besides the machine's own.
	More []string
	// Machine gives the machine's names; the function Machine if nil.
	Machine func() (Names, error)
	Now     func() time.Time
	Log     *slog.Logger
}

// Own is a certificate of the server's own making, under an authority of its own making that can vouch for nothing but private
// addresses and the server's names (RFC 5280, 4.2.1.10): a phone that has installed it risks nothing elsewhere. It renews itself.
type Own struct {
	opts OwnOptions

	mu        sync.Mutex
	authority *tls.Certificate
	leaf      *tls.Certificate
	looked    time.Time
}

// OpenOwn reads the certificate in a folder, and makes what is missing or does not fit any more.
func OpenOwn(opts OwnOptions) (*Own, error) {
	if opts.Machine == nil {
		opts.Machine = Machine
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	if err := CheckNames(opts.More); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(opts.Folder, 0o700); err != nil {
		return nil, fmt.Errorf("folder of the server's certificate: %w", err)
	}
	o := &Own{opts: opts}
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.look(opts.Now()); err != nil {
		return nil, err
	}
	return o, nil
}

// TLSConfig is for a server that proves itself with this certificate.
func (o *Own) TLSConfig() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return o.current(), nil }}
}

// Fingerprints are the SHA-256 of the server's certificate and of its authority's, as browsers and phones show them.
func (o *Own) Fingerprints() (server, authority string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return fingerprint(o.leaf.Leaf), fingerprint(o.authority.Leaf)
}

func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	parts := make([]string, len(sum))
	for i, b := range sum {
		parts[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(parts, ":")
}

// Offer lets phones fetch the authority's certificate; everything else is next's.
func (o *Own) Offer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != AuthorityPath || r.Method != http.MethodGet && r.Method != http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		o.mu.Lock()
		der := o.authority.Leaf.Raw
		o.mu.Unlock()
		w.Header().Set("Content-Type", "application/x-x509-ca-cert") // what iOS and Android take for something to install
		w.Header().Set("Content-Disposition", `attachment; filename="trivue-authority.crt"`)
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(der)
	})
}

// current gives the certificate that is in force, after a look at the machine if the last one is a while ago. Where a new one cannot be
// made, the old one is better than none.
func (o *Own) current() *tls.Certificate {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now := o.opts.Now(); now.Sub(o.looked) >= lookEvery || now.Before(o.looked) {
		if err := o.look(now); err != nil {
			o.opts.Log.Error("the server's own certificate could not be renewed; the old one stays", "error", err)
		}
	}
	return o.leaf
}

// look makes authority and certificate fit the machine's names and the time. Where it fails, both stay as they were.
func (o *Own) look(now time.Time) error {
	o.looked = now
	names, err := o.opts.Machine()
	if err == nil {
		names, err = names.add(o.opts.More)
	}
	if err != nil {
		return err
	}
	// Another server of the same data folder may have renewed them.
	authority, err := o.read(authorityFile)
	if err != nil {
		return err
	}
	leaf, err := o.read(leafFile)
	if err != nil {
		return err
	}
	if authority, err = o.fitAuthority(authority, names, now); err != nil {
		return err
	}
	if leaf, err = o.fitLeaf(leaf, authority, names, now); err != nil {
		return err
	}
	o.authority, o.leaf = authority, leaf
	return nil
}

// read takes what is in a file; nil where there is nothing, or nothing that can be used.
func (o *Own) read(name string) (*tls.Certificate, error) {
	found, err := load(filepath.Join(o.opts.Folder, name))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, nil
	case errors.Is(err, errDamaged):
		o.opts.Log.Warn("a file of the server's certificate is damaged and made anew", "error", err)
		return nil, nil
	default:
		return found, err
	}
}

// fitAuthority gives the authority that was there, or a new one where that cannot sign what is needed.
func (o *Own) fitAuthority(was *tls.Certificate, names Names, now time.Time) (*tls.Certificate, error) {
	if was != nil {
		why := unfit(was.Leaf, authorityNames(was.Leaf, names), names, now, leafLife)
		if why == "" {
			return was, offer(filepath.Join(o.opts.Folder, offeredFile), was.Leaf)
		}
		o.opts.Log.Warn("a new authority is made for the server's certificate; phones that had installed the old one have to install this one", "why", why)
	}
	made, err := issueAuthority(names, now)
	if err != nil {
		return nil, err
	}
	return made, errors.Join(keep(filepath.Join(o.opts.Folder, authorityFile), made), offer(filepath.Join(o.opts.Folder, offeredFile), made.Leaf))
}

// fitLeaf gives the certificate that was there, or a new one where that does not fit.
func (o *Own) fitLeaf(was, authority *tls.Certificate, names Names, now time.Time) (*tls.Certificate, error) {
	if was != nil && was.Leaf.CheckSignatureFrom(authority.Leaf) == nil {
		why := unfit(was.Leaf, leafNames(was.Leaf), names, now, renewBefore)
		if why == "" {
			return was, nil
		}
		o.opts.Log.Info("the server's own certificate is renewed", "why", why, "for", names.String())
	}
	made, err := issueLeaf(names, now, authority)
	if err != nil {
		return nil, err
	}
	return made, keep(filepath.Join(o.opts.Folder, leafFile), made)
}

// unfit says why a certificate has to be made anew; empty where it need not.
func unfit(c *x509.Certificate, has, wanted Names, now time.Time, before time.Duration) string {
	switch {
	case !wanted.in(has):
		return "the machine's names or addresses have changed"
	case now.After(c.NotAfter.Add(-before)):
		return "it ends on " + c.NotAfter.Format(time.DateOnly)
	case now.Before(c.NotBefore):
		return "it is valid only from " + c.NotBefore.Format(time.DateOnly)
	default:
		return ""
	}
}

// private are the networks that an own authority may vouch for: those that nobody has alone (RFC 1918, 6598, 4193, 3927, 4291).
var private = []netip.Prefix{
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("::1/128"),
}

func issueAuthority(names Names, now time.Time) (*tls.Certificate, error) {
	host, _ := os.Hostname()
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "Trivue " + host + " " + now.UTC().Format(time.DateOnly)},
		NotBefore: now.Add(-slow), NotAfter: now.Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: names.DNS,
	}
	for _, network := range private {
		template.PermittedIPRanges = append(template.PermittedIPRanges, ipNet(network))
	}
	for _, address := range names.Addresses {
		if !covered(private, address) {
			template.PermittedIPRanges = append(template.PermittedIPRanges, ipNet(netip.PrefixFrom(address, address.BitLen())))
		}
	}
	return issue(template, nil)
}

func issueLeaf(names Names, now time.Time, authority *tls.Certificate) (*tls.Certificate, error) {
	from := now.Add(-slow)
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "Trivue"},
		NotBefore: from, NotAfter: from.Add(leafLife - time.Second), // both ends count (RFC 5280, 4.1.2.5)
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
		DNSNames: names.DNS,
	}
	for _, address := range names.Addresses {
		template.IPAddresses = append(template.IPAddresses, address.AsSlice())
	}
	return issue(template, authority)
}

// issue makes a key and its certificate, signed by an authority, or by itself where there is none.
func issue(template *x509.Certificate, by *tls.Certificate) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	parent, signer := template, any(key)
	if by != nil {
		parent, signer = by.Leaf, by.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}
