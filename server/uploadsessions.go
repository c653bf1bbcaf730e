package server

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/trivue/trivue/store"
)

// uploadSessionFor is how long a candidate's session that was found is taken for found in requests that send recordings. They are most of what a server
// does; reading two rows for each of them cost a sixth of its processor time. A session that ends here is forgotten at once.
const uploadSessionFor = 2 * time.Second

// uploadSessions remembers the sessions of candidates who send recordings, by the hash of their token.
type uploadSessions struct {
	mu  sync.Mutex
	all map[string]uploadSession // guarded by mu
}

type uploadSession struct {
	store.CandidateSession
	letIn bool // known to be; not asked for where false
	until time.Time
}

func (u *uploadSessions) get(hash string, now time.Time) (uploadSession, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	found, ok := u.all[hash]
	return found, ok && now.Before(found.until)
}

// put remembers a session that was read at now.
func (u *uploadSessions) put(session store.CandidateSession, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.all == nil {
		u.all = map[string]uploadSession{}
	}
	if len(u.all) >= 10_000 { // those who have stopped sending
		for hash, other := range u.all {
			if !now.Before(other.until) {
				delete(u.all, hash)
			}
		}
	}
	until := now.Add(uploadSessionFor)
	if session.ExpiresAt.Before(until) {
		until = session.ExpiresAt
	}
	u.all[session.TokenHash] = uploadSession{CandidateSession: session, until: until}
}

// letIn notes that a session's candidate was let in, for as long as the session is remembered.
func (u *uploadSessions) letIn(hash string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if found, ok := u.all[hash]; ok {
		found.letIn = true
		u.all[hash] = found
	}
}

func (u *uploadSessions) forget(hash string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.all, hash)
}

// sendsRecording reports whether a request brings bytes of a recording, or of its chain.
func sendsRecording(r *http.Request) bool {
	return r.Method == http.MethodPatch && strings.HasPrefix(r.URL.Path, "/files/") ||
		r.Method == http.MethodPut && strings.HasPrefix(r.URL.Path, "/api/candidate/takes/") && strings.HasSuffix(r.URL.Path, "/chain")
}
