// Package sandbox closes the world around the calling process, for good and on all of its threads: no files but those named, no
// network, no other programs, no reach into other processes. It is for a process that has loaded all code that it needs and is
// about to handle data that nobody vouches for.
//
// Each layer is applied as far as the kernel has it; none depends on another. What could not be applied is said in the Status,
// never silently skipped.
package sandbox

import (
	"fmt"
	"strings"
)

// The layers, as a Status names them.
const (
	Network      = "network"      // a network namespace of its own, with nothing in it; its parent made it
	Capabilities = "capabilities" // root's powers are given up
	Landlock     = "landlock"     // only the named files are reachable; no TCP
	Seccomp      = "seccomp"      // system calls that media work never makes are refused
)

// Policy says what stays reachable.
type Policy struct {
	ReadFiles []string // files that may be read; absolute paths that exist
	Writable  []string // folders in which files and folders may be read, made, changed and removed; absolute paths that exist
}

// Layer is how one layer came out.
type Layer struct {
	Name   string `json:"name"`
	Active bool   `json:"active"`
	Detail string `json:"detail"` // what it does here, or why it is not there
}

// Status is how all layers came out.
type Status []Layer

// Active reports whether the layer of that name is in force.
func (s Status) Active(name string) bool {
	for _, l := range s {
		if l.Name == name {
			return l.Active
		}
	}
	return false
}

// String lists the layers that are in force and those that are not.
func (s Status) String() string {
	words := make([]string, 0, len(s))
	for _, l := range s {
		if l.Active {
			words = append(words, l.Name)
		} else {
			words = append(words, fmt.Sprintf("no %s (%s)", l.Name, l.Detail))
		}
	}
	return strings.Join(words, ", ")
}

// Close puts the calling process under the policy. There is no way back. Threads that exist and threads that are still to come
// are under it alike.
func Close(p Policy) Status {
	// Seccomp is last: it refuses the calls that the other layers are made with.
	return Status{
		networkNamespace(),
		outcome(Capabilities, dropCapabilities),
		outcome(Landlock, func() (string, error) { return restrictFiles(p) }),
		outcome(Seccomp, filterSystemCalls),
	}
}

func outcome(name string, apply func() (string, error)) Layer {
	detail, err := apply()
	if err != nil {
		return Layer{Name: name, Detail: err.Error()}
	}
	return Layer{Name: name, Active: true, Detail: detail}
}
