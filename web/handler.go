package web

import (
	"bytes"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// policy lets pages load what they brought with them, and nothing from anywhere else. Frames show documents that a page has fetched
// itself, so that what is read is what was hashed.
const policy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; " +
	"frame-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Handler serves the pages and their assets. Paths that are no file are the staff pages': their own router knows them.
func Handler() http.Handler {
	files := Files()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self), screen-wake-lock=(self)")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "pages can only be read", http.StatusMethodNotAllowed)
			return
		}
		name := pageOf(files, r.URL.Path)
		if hidden(name) {
			http.NotFound(w, r)
			return
		}
		content, err := fs.ReadFile(files, name)
		switch {
		case err != nil && name == "index.html":
			notBuilt(w)
			return
		case err != nil:
			http.NotFound(w, r)
			return
		}
		if strings.HasPrefix(name, "assets/") {
			h.Set("Cache-Control", "public, max-age=31536000, immutable") // its name has its hash
		} else {
			h.Set("Cache-Control", "no-cache")
		}
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	})
}

// pageOf maps a path to a file of the build.
func pageOf(files fs.FS, url string) string {
	name := strings.TrimPrefix(path.Clean("/"+url), "/")
	switch name {
	case "candidate", "phone":
		return name + ".html"
	}
	// A page that was open during an upgrade asks for assets that are gone; it must not get a page instead.
	if strings.HasPrefix(name, "assets/") || hidden(name) {
		return name
	}
	if info, err := fs.Stat(files, name); name != "" && err == nil && !info.IsDir() {
		return name
	}
	return "index.html"
}

// hidden files are the build's own marks, and nobody's business.
func hidden(name string) bool { return name != "" && strings.HasPrefix(path.Base(name), ".") }

func notBuilt(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write([]byte("The front end is not built into this program: run make build.\n前端尚未构建：请运行 make build。\n"))
}
