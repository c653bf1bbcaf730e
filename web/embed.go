// Package web holds the built pages. They are made by "make web" into dist and embedded; nothing of Node is needed to serve
// them.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Pages are the files that a complete build has.
var Pages = []string{"index.html", "candidate.html", "phone.html", "player/player.js", "player/player.css"}

// Files gives the built front end, Pages and the assets that they load.
func Files() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

// Built reports whether the front end was built into this program.
func Built() bool {
	for _, name := range Pages {
		if _, err := fs.Stat(dist, "dist/"+name); err != nil {
			return false
		}
	}
	return true
}
