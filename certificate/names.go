package certificate

import (
	"crypto/x509"
	"net"
	"net/netip"
	"slices"
)

// leafNames are what a certificate is for.
func leafNames(c *x509.Certificate) Names {
	names := Names{DNS: c.DNSNames}
	for _, ip := range c.IPAddresses {
		if address, ok := netip.AddrFromSlice(ip); ok {
			names.Addresses = append(names.Addresses, address.Unmap())
		}
	}
	return names
}

// authorityNames are those of wanted that an authority may vouch for.
func authorityNames(c *x509.Certificate, wanted Names) Names {
	var networks []netip.Prefix
	for _, permitted := range c.PermittedIPRanges {
		if address, ok := netip.AddrFromSlice(permitted.IP); ok {
			ones, _ := permitted.Mask.Size()
			networks = append(networks, netip.PrefixFrom(address, ones))
		}
	}
	var names Names
	for _, name := range wanted.DNS {
		if slices.Contains(c.PermittedDNSDomains, name) {
			names.DNS = append(names.DNS, name)
		}
	}
	for _, address := range wanted.Addresses {
		if covered(networks, address) {
			names.Addresses = append(names.Addresses, address)
		}
	}
	return names
}

func covered(networks []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(address) })
}

func ipNet(n netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: n.Addr().AsSlice(), Mask: net.CIDRMask(n.Bits(), n.Addr().BitLen())}
}
