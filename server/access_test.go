package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/server"
)

// routes are all that the server answers, with the roles that may use each. Everybody: "*". "candidate" and "phone" are for those: staff
// who want in are told to sign in as one.
var routes = []struct {
	method, path string
	roles        string
}{
	{"GET", "/", "*"},
	{"GET", "/exams", "*"},
	{"GET", "/openapi.json", "*"},
	{"POST", "/api/session", "*"},
	{"GET", "/api/session", "admin invigilator reviewer"},
	{"DELETE", "/api/session", "admin invigilator reviewer"},
	{"GET", "/api/exams", "admin invigilator reviewer"},
	{"GET", "/api/exams/{id}", "admin invigilator reviewer"},
	{"GET", "/api/attempts/{id}", "admin invigilator reviewer"},
	{"GET", "/api/attempts/{id}/events", "admin invigilator reviewer"},
	{"GET", "/api/attempts/{id}/timeline", "admin reviewer"},
	{"GET", "/media/{attempt}/{file}", "admin reviewer"},
	{"HEAD", "/media/{attempt}/{file}", "admin reviewer"},
	{"POST", "/api/exams", "admin"},
	{"POST", "/api/exams/{id}/attempts", "admin"},
	{"POST", "/api/attempts/{id}/upload-token", "admin"},
	{"POST", "/api/attempts/{id}/stages/{name}/retry", "admin"},
	{"POST", "/api/takes/{id}/stages/{name}/retry", "admin"},
	{"DELETE", "/api/takes/{id}", "admin"},
	{"POST", "/files/", "admin"},
	{"HEAD", "/files/{id}", "admin"},
	{"PATCH", "/files/{id}", "admin"},
	{"DELETE", "/files/{id}", "admin"},
	{"GET", "/api/candidate/clock", "*"},
	{"GET", "/api/candidate/exams/{id}", "*"},
	{"GET", "/api/candidate/probe", "*"},
	{"POST", "/api/candidate/probe", "*"},
	{"POST", "/api/candidate/login", "*"},
	{"DELETE", "/api/candidate/session", "candidate"},
	{"GET", "/api/candidate/state", "candidate"},
	{"GET", "/api/candidate/live", "candidate"},
	{"POST", "/api/candidate/steps/{step}", "candidate"},
	{"GET", "/api/candidate/attachments/{id}", "candidate"},
	{"GET", "/api/candidate/questions", "candidate"},
	{"POST", "/api/candidate/events", "candidate"},
	{"PUT", "/api/candidate/stills/{side}", "candidate"},
	{"POST", "/api/candidate/help", "candidate"},
	{"GET", "/api/candidate/takes", "candidate"},
	{"PUT", "/api/candidate/takes/{take}/chain", "candidate"},
	{"GET", "/api/candidate/takes/{take}/receipt", "candidate"},
	{"POST", "/api/candidate/phone", "candidate"},
	{"GET", "/api/candidate/phone/still", "candidate"},
	{"POST", "/api/phone/bind", "*"},
	{"DELETE", "/api/phone/session", "phone"},
	{"GET", "/api/phone/state", "phone"},
	{"GET", "/api/phone/live", "phone"},
	{"PUT", "/api/phone/status", "phone"},
	{"PUT", "/api/phone/still", "phone"},
	{"POST", "/api/phone/steps/{step}", "phone"},
	{"POST", "/api/phone/events", "phone"},
	{"GET", "/api/phone/takes", "phone"},
	{"PUT", "/api/phone/takes/{take}/chain", "phone"},
	{"GET", "/api/phone/takes/{take}/receipt", "phone"},
	{"GET", "/api/exams/{id}/candidates", "admin invigilator"},
	{"GET", "/api/exams/{id}/events", "admin invigilator"},
	{"GET", "/api/attempts/{id}/log", "admin invigilator"},
	{"GET", "/api/attempts/{id}/pictures/{side}", "admin invigilator"},
	{"POST", "/api/attempts/{id}/login", "admin invigilator"},
	{"POST", "/api/attempts/{id}/release", "admin invigilator"},
	{"POST", "/api/attempts/{id}/waive", "admin invigilator"},
	{"POST", "/api/attempts/{id}/answer", "admin invigilator"},
	{"POST", "/api/attempts/{id}/grant", "admin"},
	{"POST", "/api/attempts/{id}/readmit", "admin"},
	{"POST", "/api/attempts/{id}/end", "admin"},
	{"GET", "/api/whatever", "admin invigilator reviewer"},
	{"PUT", "/api/exams", "admin invigilator reviewer"}, // there is no such thing, as staff are told
}

var places = strings.NewReplacer("{id}", "none", "{attempt}", "none", "{file}", "none.webm", "{name}", "sound", "{side}", "login", "{step}", "devices", "{take}", strings.Repeat("0", 32))

// signInAs makes a member of staff and signs in as them.
func (b *bench) signInAs(role exam.Role) *bench {
	b.t.Helper()
	_, err := server.AddStaff(b.t.Context(), b.store, string(role)+"-id", string(role)+"-person", password, role)
	require.NoError(b.t, err)
	answer := b.login(string(role)+"-person", password)
	require.Equal(b.t, http.StatusOK, answer.StatusCode)
	b.cookie = answer.Cookies()[0].Name + "=" + answer.Cookies()[0].Value
	return b
}

func TestEveryRouteIsForTheRolesThatItIsMeantFor(t *testing.T) {
	b := newBench(t)
	cookies := map[exam.Role]string{"": ""}
	for _, role := range exam.Roles {
		cookies[role] = b.signInAs(role).cookie
	}
	// A request with a body is read before it is answered; what it says does not matter here.
	for _, route := range routes {
		for role, cookie := range cookies {
			if route.path == "/api/session" && route.method == "DELETE" && role != "" {
				continue // it would end the session that the other routes are tried with; TestSigningInAndOut does it
			}
			r := httptest.NewRequest(route.method, places.Replace(route.path), nil)
			r.Header.Set("Cookie", cookie)
			ctx, cancel := context.WithCancel(t.Context())
			w := httptest.NewRecorder()
			b.server.Handler().ServeHTTP(w, r.WithContext(ctx))
			cancel()
			refused := w.Code == http.StatusForbidden || w.Code == http.StatusUnauthorized
			switch {
			case route.path == "/api/session" && route.method == "POST":
				assert.Equal(t, http.StatusBadRequest, w.Code, "everybody may try to sign in")
			case route.roles == "*", role != "" && strings.Contains(route.roles, string(role)):
				assert.False(t, refused, "%s %s as %q: %d", route.method, route.path, role, w.Code)
			case role == "", route.roles == "candidate", route.roles == "phone":
				assert.Equal(t, http.StatusUnauthorized, w.Code, "%s %s without a session", route.method, route.path)
			default:
				assert.Equal(t, http.StatusForbidden, w.Code, "%s %s as %q", route.method, route.path, role)
				assert.Equal(t, "forbidden", code(t, w.Body.String()))
			}
		}
	}
}

// TestNoRouteIsForgotten holds the table above against what the server says of itself.
func TestNoRouteIsForgotten(t *testing.T) {
	b := newBench(t)
	_, text := b.ask(http.MethodGet, "/openapi.json", "")
	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &document))
	tested := map[string]bool{}
	for _, route := range routes {
		tested[route.method+" "+route.path] = true
	}
	for path, operations := range document.Paths {
		for method := range operations {
			if method == "options" || method == "parameters" {
				continue
			}
			assert.True(t, tested[strings.ToUpper(method)+" "+path], "%s %s is in no test of roles", method, path)
		}
	}
}

func TestARoleThatNobodyKnowsMayNothing(t *testing.T) {
	b := newBench(t)
	_, err := server.AddStaff(t.Context(), b.store, "x", "x", password, "owner")
	assert.ErrorContains(t, err, "admin invigilator reviewer")
	assert.Empty(t, exam.Role("owner").Allowed())
	assert.False(t, exam.Role("").May(exam.See))
}

func TestABearersTokenNeedsNoSession(t *testing.T) {
	b := newBench(t)
	r := httptest.NewRequest(http.MethodPost, "/files/", nil)
	r.Header.Set("Authorization", "Bearer something")
	w := httptest.NewRecorder()
	b.server.Handler().ServeHTTP(w, r)
	assert.Equal(t, http.StatusNotFound, w.Code, "it reaches the uploads, which judge the token")
}
