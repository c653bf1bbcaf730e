// Package gstx decodes and encodes with GStreamer. It is the only importer of go-gst.
//
// GStreamer never sees a file: containers are read and written by our own code, and packets are pushed into pipelines of the
// shape appsrc → decoder → appsink. The decoder is chosen from a table by the codec; nothing is detected, plugged or scanned.
// No GLib main loop runs; each pipeline has a goroutine that reads its bus. Sound that is only listened to goes through a decoder
// without a pipeline around it: see pump.go.
package gstx

import (
	"github.com/go-gst/go-gst/gst"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/stage"
)

// Media implements stage.Media. Callbacks that are given to one call of its methods never run concurrently, though not all on
// one goroutine. Its methods may be called concurrently.
type Media struct{}

var _ stage.Media = (*Media)(nil)

// New makes a Media. GStreamer itself is started by the first use.
func New() *Media { return &Media{} }

// CanDecode reports whether a track can be decoded on this machine. It loads nothing.
func (m *Media) CanDecode(track container.Track) bool {
	d, _, err := decoderOf(track, nil)
	return err == nil && (d.factory == "" || installed()[d.factory])
}

// Version is the version of the GStreamer library in use, such as "1.22.0", empty where it cannot be told.
func Version() string {
	if load(corePlugins[0]) != nil {
		return ""
	}
	core, err := gst.GetRegistry().FindPlugin(corePlugins[0].file)
	if err != nil {
		return ""
	}
	return core.Version()
}
