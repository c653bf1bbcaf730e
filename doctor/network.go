package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"
)

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
