package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/trivue/trivue/server"
)

// from makes a request from a peer with X-Forwarded-For headers.
func from(peer string, forwarded ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/api/session", strings.NewReader(`{"name":"admin","password":"guess"}`))
	r.Header.Set("Content-Type", "application/json")
	r.RemoteAddr = peer
	for _, f := range forwarded {
		r.Header.Add("X-Forwarded-For", f)
	}
	return r
}

var proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("fd00::/8")}

func TestClientsAreKnownApartByWhatTrustedProxiesSay(t *testing.T) {
	for name, c := range map[string]struct {
		trusted []netip.Prefix
		request *http.Request
		want    string
	}{
		"a client of a trusted proxy":                      {proxies, from("10.0.0.1:1", "203.0.113.7"), "203.0.113.7"},
		"a client behind two trusted proxies":              {proxies, from("10.0.0.2:9", "203.0.113.7, 10.0.0.1"), "203.0.113.7"},
		"a client that makes up what it was forwarded for": {proxies, from("10.0.0.1:1", "198.51.100.1", "203.0.113.7"), "203.0.113.7"},
		"a client that is no proxy and says it is":         {proxies, from("203.0.113.9:1", "198.51.100.1"), "203.0.113.9"},
		"a client that names a trusted proxy":              {proxies, from("203.0.113.9:1", "10.0.0.1"), "203.0.113.9"},
		"nobody is trusted unless it is configured":        {nil, from("127.0.0.1:1", "198.51.100.1"), "127.0.0.1"},
		"nothing from a trusted proxy is the proxy":        {proxies, from("10.0.0.1:1"), "10.0.0.1"},
		"nonsense from a trusted proxy is the proxy":       {proxies, from("10.0.0.1:1", "203.0.113.7, unknown"), "10.0.0.1"},
		"a port":                            {proxies, from("10.0.0.1:1", "203.0.113.7:4711"), "203.0.113.7"},
		"addresses of IPv4 in IPv6":         {proxies, from("[::ffff:10.0.0.1]:1", "::ffff:203.0.113.7"), "203.0.113.7"},
		"one network of IPv6 is one client": {proxies, from("[fd00::1]:1", "[2001:db8::ffff]:80"), "2001:db8::/64"},
		"an address with a zone":            {nil, from("[fe80::1%eth0]:1"), "fe80::/64"},
	} {
		assert.Equal(t, c.want, server.ClientAddress(server.New(server.Options{TrustedProxies: c.trusted, Uploads: nowhere, Takes: noTakes, Pages: nowhere}), c.request), name)
	}
}

func TestTheAddressThatBrowsersOpenIsTheProxys(t *testing.T) {
	request := func(peer string, hosts ...string) *http.Request {
		r := from(peer)
		r.Host = "127.0.0.1:8080"
		for _, h := range hosts {
			r.Header.Add("X-Forwarded-Host", h)
		}
		return r
	}
	for name, c := range map[string]struct {
		request *http.Request
		want    string
	}{
		"a trusted proxy":                 {request("10.0.0.1:1", "interviews.example.org"), "https://interviews.example.org"},
		"with a port":                     {request("10.0.0.1:1", "interviews.example.org:8443"), "https://interviews.example.org:8443"},
		"an address of IPv6":              {request("10.0.0.1:1", "[2001:db8::1]:8443"), "https://[2001:db8::1]:8443"},
		"what the browser made up before": {request("10.0.0.1:1", "evil.example", "interviews.example.org"), "https://interviews.example.org"},
		"who is no proxy":                 {request("203.0.113.9:1", "evil.example"), "https://127.0.0.1:8080"},
		"nothing":                         {request("10.0.0.1:1"), "https://127.0.0.1:8080"},
		"no host":                         {request("10.0.0.1:1", "interviews.example.org/path"), "https://127.0.0.1:8080"},
		"another's part of an address":    {request("10.0.0.1:1", "me@evil.example"), "https://127.0.0.1:8080"},
	} {
		assert.Equal(t, c.want, server.Origin(server.New(server.Options{TrustedProxies: proxies, Secure: true, Uploads: nowhere, Takes: noTakes, Pages: nowhere}), c.request), name)
	}
}

func FuzzClientAddress(f *testing.F) {
	f.Add("203.0.113.7, 10.0.0.1")
	f.Add("[2001:db8::1]:80,,unknown")
	f.Add("::ffff:10.0.0.1%x")
	s := server.New(server.Options{TrustedProxies: proxies, Uploads: nowhere, Takes: noTakes, Pages: nowhere})
	f.Fuzz(func(t *testing.T, header string) {
		assert.Equal(t, "203.0.113.9", server.ClientAddress(s, from("203.0.113.9:1", header)), "who is not trusted cannot say who it is")
		assert.NotEmpty(t, server.ClientAddress(s, from("10.0.0.1:1", header)))
		assert.Equal(t, "198.51.100.1", server.ClientAddress(s, from("10.0.0.1:1", header+",198.51.100.1")), "what a trusted proxy saw counts, whatever stands before it")
	})
}

func TestTheLoginGuardLocksOneClientAndNotAnother(t *testing.T) {
	b := newBenchWith(t, func(o *server.Options) { o.TrustedProxies = proxies })
	guess := func(client string) int {
		w := httptest.NewRecorder()
		b.server.Handler().ServeHTTP(w, from("10.0.0.1:1", client))
		return w.Code
	}
	for range 5 {
		assert.Equal(t, http.StatusUnauthorized, guess("203.0.113.7"))
	}
	assert.Equal(t, http.StatusTooManyRequests, guess("203.0.113.7"))
	assert.Equal(t, http.StatusUnauthorized, guess("203.0.113.8"), "another client of the same proxy")
}
