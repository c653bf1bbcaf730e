package doctor

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/trivue/trivue/certificate"
)

// renewal is how long before its end a certificate should be renewed. Whoever renews by themselves have done so before.
const renewal = 14 * 24 * time.Hour

func (s Setup) speaksTLS() bool { return s.Certificate != "" || s.OwnCertificate != "" || s.ACME != "" }

// https judges whether browsers will give the pages a camera: getUserMedia and getDisplayMedia are there in secure contexts
// only, which are HTTPS and localhost (W3C Secure Contexts, 3.1).
func https(ctx context.Context, s Setup) Result {
	host, _, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return failed(mendAddressBad, textAddressBad, s.Listen, err)
	}
	switch {
	case s.Certificate != "":
		return files(s.Certificate, s.Key, time.Now())
	case s.OwnCertificate != "":
		return own(s, host, time.Now())
	case s.ACME != "":
		return acme(ctx, s, net.DefaultResolver.LookupHost, time.Now())
	case s.PublicURL != "":
		return proxy(ctx, s.PublicURL, http.DefaultTransport)
	case loopback(host):
		return ok(textHTTPSLocal)
	default:
		return warning(mendHTTPSPlain, textHTTPSPlain, s.Listen)
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// files judges a certificate that somebody else renews.
func files(certificateFile, keyFile string, now time.Time) Result {
	pair, err := tls.LoadX509KeyPair(certificateFile, keyFile)
	if err != nil {
		return failed(mendHTTPSCertificate, textHTTPSBad, err)
	}
	leaf := pair.Leaf
	until := leaf.NotAfter.Format(time.DateOnly)
	switch {
	case now.After(leaf.NotAfter):
		return failed(mendHTTPSCertificate, textHTTPSExpired, until)
	case now.Before(leaf.NotBefore):
		return failed(mendClock, textHTTPSEarly, leaf.NotBefore.Format(time.DateOnly))
	case now.After(leaf.NotAfter.Add(-renewal)):
		return warning(mendHTTPSCertificate, textHTTPSSoon, until)
	}
	names := leaf.DNSNames
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	return ok(textHTTPSCertificate, strings.Join(names, ", "), until)
}

// own judges the certificate of the server's own making. What the server mends by itself is not said.
func own(s Setup, host string, now time.Time) Result {
	if err := certificate.CheckNames(s.OwnNames); err != nil {
		return failed(mendOwnNames, textHTTPSBad, err)
	}
	if loopback(host) {
		return warning(mendOwnLocal, textOwnLocal, s.Listen)
	}
	kept, err := certificate.KeptOwn(s.OwnCertificate)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return ok(textOwnNone)
	case err != nil:
		return warning(mendOwnDamaged, textHTTPSBad, err)
	case kept.Readable != "":
		return failed(fmt.Sprintf(mendReadable, kept.Readable), textReadable, kept.Readable)
	case now.After(kept.Until):
		return warning(mendOwnDamaged, textHTTPSExpired, kept.Until.Format(time.DateOnly))
	}
	return ok(textOwn, kept.Names, kept.Until.Format(time.DateOnly))
}

// acme judges what an authority gave, or whether it can: it has to find this machine by its names.
func acme(ctx context.Context, s Setup, lookup func(ctx context.Context, host string) ([]string, error), now time.Time) Result {
	_, port, _ := net.SplitHostPort(s.Listen)
	var until time.Time
	for _, domain := range s.Domains {
		if _, err := lookup(ctx, domain); err != nil {
			return failed(fmt.Sprintf(mendDomain, domain), textDomain, domain, err)
		}
		kept, err := certificate.KeptACME(s.ACME, domain)
		switch {
		case errors.Is(err, os.ErrNotExist):
			if port != "443" && s.Challenge == "" {
				return warning(mendACMEPort, textACMEPort, s.Listen)
			}
			return ok(textACMENone, domain)
		case err != nil:
			return failed(fmt.Sprintf(mendACMEDamaged, s.ACME, domain), textHTTPSBad, err)
		case kept.Readable != "":
			return failed(fmt.Sprintf(mendReadable, kept.Readable), textReadable, kept.Readable)
		case now.After(kept.Until):
			return failed(mendACMESoon, textHTTPSExpired, kept.Until.Format(time.DateOnly))
		case now.After(kept.Until.Add(-renewal)):
			return warning(mendACMESoon, textHTTPSSoon, kept.Until.Format(time.DateOnly))
		}
		if until.IsZero() || kept.Until.Before(until) {
			until = kept.Until
		}
	}
	return ok(textHTTPSCertificate, strings.Join(s.Domains, ", "), until.Format(time.DateOnly))
}

// proxy asks as a browser would, through the proxy: whether its certificate is believed, and whether it is Trivue that answers.
func proxy(ctx context.Context, public string, transport http.RoundTripper) Result {
	if !strings.HasPrefix(public, "https://") {
		return warning(mendProxyPlain, textHTTPSPlain, public)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(public, "/")+"/api/candidate/clock", nil)
	if err != nil {
		return failed(mendProxyURL, textProxySilent, public, err)
	}
	answer, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return failed(mendProxySilent, textProxySilent, public, err)
	}
	defer answer.Body.Close()
	var clock struct {
		Now int64 `json:"now"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&clock); answer.StatusCode != http.StatusOK || err != nil || clock.Now == 0 {
		return warning(mendProxyOther, textProxyOther, public, answer.Status)
	}
	return ok(textHTTPSProxy, public)
}
