package server

import (
	"context"
	"net/http"
	"net/netip"
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

// origin is the address at which a browser reached the server, without a slash at its end.
func (s *Server) origin(r *http.Request) string {
	scheme := "http"
	if s.opts.Secure {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

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
