package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"
)

// renewal is how long before its end a certificate should be renewed.
const renewal = 14 * 24 * time.Hour

func address(ctx context.Context, listen string, speaksTLS bool) Result {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return failed(mendAddressBad, textAddressBad, listen, err)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	switch {
	case err == nil:
		l.Close()
		return ok(textAddressFree, listen)
	case errors.Is(err, syscall.EADDRINUSE):
		if healthy(ctx, listen, speaksTLS) {
			return ok(textAddressRunning, listen)
		}
		return failed(fmt.Sprintf(mendAddressTaken, port), textAddressTaken, listen)
	case errors.Is(err, syscall.EACCES):
		exe, err := os.Executable()
		if err != nil {
			exe = "trivue"
		}
		return failed(fmt.Sprintf(mendAddressDenied, exe), textAddressDenied, listen)
	default:
		return failed(mendAddressBad, textAddressBad, listen, err)
	}
}

// healthy reports whether what listens there answers as Trivue does: a doctor is most often asked beside a running system.
func healthy(ctx context.Context, listen string, speaksTLS bool) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	host, port, _ := net.SplitHostPort(listen)
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	scheme := "http"
	if speaksTLS {
		scheme = "https"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return false
	}
	// Nothing is sent or believed but "somebody answers": the certificate is for another name than localhost.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// https judges whether browsers will give the pages a camera: getUserMedia and getDisplayMedia are there in secure contexts
// only, which are HTTPS and localhost (W3C Secure Contexts, 3.1).
func https(s Setup) Result {
	host, port, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return failed(mendAddressBad, textAddressBad, s.Listen, err)
	}
	switch {
	case s.Certificate != "":
		return certificate(s.Certificate, s.Key, time.Now())
	case strings.HasPrefix(s.PublicURL, "https://"):
		return ok(textHTTPSProxy, s.PublicURL)
	case loopback(host):
		return ok(textHTTPSLocal)
	default:
		return warning(fmt.Sprintf(mendHTTPSPlain, port), textHTTPSPlain, s.Listen)
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func certificate(certificateFile, keyFile string, now time.Time) Result {
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
