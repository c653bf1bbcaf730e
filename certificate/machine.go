package certificate

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// Names are what a machine is reached by.
type Names struct {
	DNS       []string
	Addresses []netip.Addr
}

// Machine gives this machine's names and those of its addresses that people type: of IPv6 only local ones, as public ones change
// by the day (RFC 8981), and with each change phones would have to be told anew whom to trust.
func Machine() (Names, error) {
	names := Names{DNS: []string{"localhost"}, Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")}}
	if host, err := os.Hostname(); err == nil {
		host = strings.ToLower(strings.TrimSuffix(host, "."))
		if validName(host) {
			names.DNS = append(names.DNS, host)
			if !strings.Contains(host, ".") {
				names.DNS = append(names.DNS, host+".local") // as Bonjour and Avahi call it
			}
		}
	}
	found, err := net.InterfaceAddrs()
	if err != nil {
		return names, fmt.Errorf("addresses of this machine: %w", err)
	}
	for _, a := range found {
		network, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		address, ok := netip.AddrFromSlice(network.IP)
		address = address.Unmap()
		if ok && address.IsGlobalUnicast() && (address.Is4() || address.IsPrivate()) {
			names.Addresses = append(names.Addresses, address)
		}
	}
	return names.tidy(), nil
}

// Reachable gives the address of this machine by which others on its network reach it; invalid where it has none. Nothing is sent: the
// kernel says what it would send from.
func Reachable() netip.Addr {
	conn, err := net.Dial("udp", "192.0.2.1:9") // TEST-NET-1, RFC 5737
	if err != nil {
		return netip.Addr{}
	}
	defer conn.Close()
	local, err := netip.ParseAddrPort(conn.LocalAddr().String())
	if err != nil || local.Addr().IsLoopback() {
		return netip.Addr{}
	}
	return local.Addr().Unmap()
}

// add takes names and addresses as people write them.
func (n Names) add(texts []string) (Names, error) {
	n = Names{slices.Clone(n.DNS), slices.Clone(n.Addresses)}
	for _, text := range texts {
		if address, err := netip.ParseAddr(text); err == nil {
			n.Addresses = append(n.Addresses, address.Unmap().WithZone(""))
			continue
		}
		name := strings.ToLower(text)
		if !validName(name) {
			return n, fmt.Errorf("%q is neither a host's name nor an address: write it as interviews.example.org or 192.168.1.5", text)
		}
		n.DNS = append(n.DNS, name)
	}
	return n.tidy(), nil
}

// CheckNames says what is wrong with names and addresses as people write them.
func CheckNames(texts []string) error {
	_, err := Names{}.add(texts)
	return err
}

// tidy sorts and removes what is there twice.
func (n Names) tidy() Names {
	slices.Sort(n.DNS)
	slices.SortFunc(n.Addresses, netip.Addr.Compare)
	n.DNS, n.Addresses = slices.Compact(n.DNS), slices.Compact(n.Addresses)
	return n
}

// in says whether other has them all.
func (n Names) in(other Names) bool {
	for _, name := range n.DNS {
		if !slices.Contains(other.DNS, name) {
			return false
		}
	}
	for _, address := range n.Addresses {
		if !slices.Contains(other.Addresses, address) {
			return false
		}
	}
	return true
}

func (n Names) String() string {
	all := slices.Clone(n.DNS)
	for _, a := range n.Addresses {
		all = append(all, a.String())
	}
	return strings.Join(all, ", ")
}

// validName says whether a name can stand in a certificate: letters, digits and hyphens between dots (RFC 1123, 2.1).
func validName(name string) bool {
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range label {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}
