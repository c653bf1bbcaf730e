package main

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"

	"golang.org/x/term"
	"rsc.io/qr"

	"github.com/trivue/trivue/certificate"
)

// address is where a browser on this machine opens the server.
func (c serveCommand) address(listener net.Listener, f *front) string {
	scheme, host := c.place(listener, f)
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	if f.domain != "" {
		if port == "443" {
			return scheme + "://" + f.domain
		}
		host = f.domain
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

func (serveCommand) place(listener net.Listener, f *front) (scheme, host string) {
	scheme = "http"
	if f.config != nil {
		scheme = "https"
	}
	host, _, _ = net.SplitHostPort(listener.Addr().String())
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme, host
}

// elsewhere is where other machines on the network open the server; empty where they cannot.
func (c serveCommand) elsewhere(listener net.Listener, f *front, reachable netip.Addr) string {
	host, port, _ := net.SplitHostPort(listener.Addr().String())
	at, err := netip.ParseAddr(host)
	switch {
	case err != nil || at.IsLoopback() || f.domain != "":
		return ""
	case at.IsUnspecified():
		at = reachable
	}
	if !at.IsValid() {
		return ""
	}
	scheme, _ := c.place(listener, f)
	return scheme + "://" + net.JoinHostPort(at.Unmap().String(), port)
}

// announce prints what a person who has just started the program needs.
func (c serveCommand) announce(s *system, f *front, listener, operations net.Listener) {
	fmt.Printf("\nTrivue 三视 is running.\n\n  Open     %s\n", c.address(listener, f))
	network := c.elsewhere(listener, f, certificate.Reachable())
	if network != "" {
		fmt.Printf("  Network  %s\n", network)
	}
	if s.password != "" {
		fmt.Printf("  Name     %s\n  Password %s   (shown this once; also in %s)\n", c.Admin, s.password, s.passwordFile)
	}
	if operations != nil {
		fmt.Printf("  Metrics  http://%s/metrics\n", operations.Addr())
	}
	fmt.Printf("  Data     %s\n\n", c.Data)
	switch {
	case f.own != nil:
		server, authority := f.own.Fingerprints()
		address := network
		if address == "" {
			address = c.address(listener, f)
		}
		fmt.Printf("The certificate is of this server's own making: browsers warn once. Go on where the SHA-256 fingerprint that they show is\n  %s\n", server)
		fmt.Printf("or install %s%s, whose fingerprint is\n  %s\n\n", address, certificate.AuthorityPath, authority)
		if term.IsTerminal(int(os.Stdout.Fd())) {
			_ = drawQR(os.Stdout, address)
		}
	case network != "" && f.config == nil && !c.Proxied:
		fmt.Printf("Warning: browsers refuse camera, microphone and screen to %s, as it is not HTTPS; phones and other computers cannot take part.\nEnd this and start it with --tls own, or see \"HTTPS\" in the README.\n\n", network)
	}
	fmt.Print("Ctrl+C ends it; everything goes on where it was at the next start.\n\n")
}

// drawQR draws an address for a phone's camera, black on white whatever the terminal's colours are, two modules in a character.
func drawQR(w io.Writer, address string) error {
	code, err := qr.Encode(address, qr.L)
	if err != nil {
		return fmt.Errorf("QR code: %w", err)
	}
	const (
		quiet        = 4 // the light margin that readers need (ISO/IEC 18004)
		blackOnWhite = "\x1b[30;107m"
		reset        = "\x1b[0m"
	)
	var out strings.Builder
	for y := -quiet; y < code.Size+quiet; y += 2 {
		out.WriteString(blackOnWhite)
		for x := -quiet; x < code.Size+quiet; x++ {
			out.WriteString([]string{" ", "▄", "▀", "█"}[module(code.Black(x, y), 2)+module(code.Black(x, y+1), 1)])
		}
		out.WriteString(reset + "\n")
	}
	_, err = fmt.Fprintf(w, "%s  %s\n\n", out.String(), address)
	return err
}

func module(black bool, worth int) int {
	if black {
		return worth
	}
	return 0
}
