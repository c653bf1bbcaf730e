package sandbox

import (
	"fmt"
	"net"
)

// networkNamespace reports whether the process sees no network but its own loopback, and that one down.
func networkNamespace() Layer {
	interfaces, err := net.Interfaces()
	if err != nil {
		return Layer{Name: Network, Detail: fmt.Sprintf("cannot list network interfaces: %v", err)}
	}
	for _, i := range interfaces {
		if i.Flags&net.FlagUp != 0 {
			return Layer{Name: Network, Detail: fmt.Sprintf("the kernel did not grant a network namespace: interface %s is there", i.Name)}
		}
	}
	return Layer{Name: Network, Active: true, Detail: "own namespace, no interface up"}
}
