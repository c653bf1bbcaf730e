package server

import (
	"net/http"
	"strings"
)

// media serves a file of an attempt out of the archive, in ranges as players ask for them. What lies under a name changes only
// with the recordings, and the entity tag with it.
func (s *Server) media(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	if strings.Contains(name, "/") {
		s.writeError(w, r, newProblem(http.StatusNotFound, "there is no such file"))
		return
	}
	content, object, err := s.opts.Media.Open(r.Context(), r.PathValue("attempt"), name)
	if err != nil {
		s.writeError(w, r, err)
		return
	}
	defer content.Close()
	h := w.Header()
	h.Set("Content-Type", object.MIME)
	h.Set("ETag", `"`+object.SHA256+`"`)
	h.Set("Cache-Control", "private, no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	http.ServeContent(w, r, name, object.CreatedAt, content)
}
