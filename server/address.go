package server

import (
	"context"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// clientAddress is where a request comes from, as far as that can be known: the other end of the connection, or, where that is a
// trusted proxy, what it says in X-Forwarded-For. Anybody may send that header; of it only counts what trusted proxies have
// added, which stands at its end.
func (s *Server) clientAddress(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	client := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !s.trusted(client) {
			break
		}
		next, ok := parseHop(strings.TrimSpace(hop))
		if !ok {
			break
		}
		client = next
	}
	if client.Is6() {
		// A household has 2^64 addresses (RFC 6177), and so has whoever guesses passwords.
		if prefix, err := client.WithZone("").Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return client.String()
}

// origin is the address at which a browser reached the server, without a slash at its end. Many proxies ask with their own name for the
// server as host; the browser's is then in X-Forwarded-Host, of which counts what a trusted proxy has written: the last.
func (s *Server) origin(r *http.Request) string {
	scheme, host := "http", r.Host
	if s.opts.Secure {
		scheme = "https"
	}
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && s.trusted(peer.Addr().Unmap()) {
		hosts := strings.Split(strings.Join(r.Header.Values("X-Forwarded-Host"), ","), ",")
		if said := strings.TrimSpace(hosts[len(hosts)-1]); hostPattern.MatchString(said) {
			host = said
		}
	}
	return scheme + "://" + host
}

// hostPattern is what a URL may have as host and port: a name, an address, or an address of IPv6 in brackets.
var hostPattern = regexp.MustCompile(`^([0-9A-Za-z._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?$`)

func originOf(ctx context.Context) string {
	origin, _ := ctx.Value(originKey).(string)
	return origin
}

// parseHop reads an address as proxies write it: alone, in brackets, with a port.
func parseHop(text string) (netip.Addr, bool) {
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr().Unmap(), true
	}
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return addr.Unmap(), err == nil
}

func (s *Server) trusted(addr netip.Addr) bool {
	return slices.ContainsFunc(s.opts.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}
