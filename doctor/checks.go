package doctor

import (
	"context"
	"io/fs"

	"github.com/trivue/trivue/pipeline/child/sandbox"
)

// Setup is the installation that is looked at. What is left zero is not checked.
type Setup struct {
	// GStreamer gives the library's version, "" where it cannot be told, and what is missing of the elements that are needed.
	GStreamer func() (version string, missing []string)
	// RedisServer is the redis-server program, as a path or a name in PATH. Empty where the queue lives in a Redis elsewhere.
	RedisServer string
	// DataFolder is where everything is kept; it need not exist yet.
	DataFolder string
	// Models is the folder of the face models.
	Models string
	// Sandbox tells which layers of the sandbox this machine grants to a child process.
	Sandbox func(ctx context.Context) (sandbox.Status, error)
	// Listen is the address that will be served, as host:port.
	Listen string
	// Certificate and Key are the files of the TLS certificate; empty where there are none.
	Certificate, Key string
	// OwnCertificate is the folder of the certificate of the server's own making, with OwnNames as --tls-name says; empty where there is none.
	OwnCertificate string
	OwnNames       []string
	// ACME is the folder of certificates that an authority gives for Domains; empty where none is asked. Challenge is where the authority
	// is answered by HTTP.
	ACME, Challenge string
	Domains         []string
	// PublicURL is the address that browsers open, if a proxy is in front.
	PublicURL string
	// FrontEnd holds the built pages, Pages are those that must be there.
	FrontEnd fs.FS
	Pages    []string
}

// Checks lists the checks of an installation, in the order in which they are shown.
func Checks(s Setup) []Check {
	var checks []Check
	add := func(wanted bool, name string, run func(context.Context) Result) {
		if wanted {
			checks = append(checks, Check{Name: name, Run: run})
		}
	}
	plain := func(run func() Result) func(context.Context) Result {
		return func(context.Context) Result { return run() }
	}
	add(s.GStreamer != nil, "GStreamer", plain(func() Result { return gstreamer(s.GStreamer()) }))
	add(s.RedisServer != "", "redis-server", func(ctx context.Context) Result { return redisServer(ctx, s.RedisServer) })
	add(s.Sandbox != nil, "sandbox", func(ctx context.Context) Result { return sandboxLayers(s.Sandbox(ctx)) })
	add(s.FrontEnd != nil, "pages", plain(func() Result { return frontEnd(s.FrontEnd, s.Pages) }))
	add(s.DataFolder != "", "disk space", plain(func() Result { return diskSpace(s.DataFolder) }))
	add(s.DataFolder != "", "disk speed", plain(func() Result { return diskSpeed(s.DataFolder) }))
	add(s.Listen != "", "address", func(ctx context.Context) Result { return address(ctx, s.Listen, s.speaksTLS()) })
	add(s.Listen != "", "HTTPS", func(ctx context.Context) Result { return https(ctx, s) })
	add(true, "clock", plain(func() Result { return clock(kernelTime{}) }))
	add(true, "memory", plain(func() Result { return memory(machine()) }))
	add(true, "processors", plain(func() Result { return processors(machine()) }))
	add(true, "open files", plain(func() Result { return openFiles(openFilesLimit()) }))
	add(s.Models != "", "face models", plain(func() Result { return faceModels(s.Models) }))
	return checks
}
