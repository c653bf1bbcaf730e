// Package keyed locks by name: one mutex for each key, there only while somebody has it or waits for it.
package keyed

import "sync"

// Mutex is a set of mutexes. The zero value is ready.
type Mutex struct {
	mu   sync.Mutex
	held map[string]*entry // guarded by mu
}

type entry struct {
	sync.Mutex
	users int // who have it or wait; guarded by Mutex.mu of the set
}

// Lock waits until the key is free, and gives the function that frees it again, which is to be called once.
func (m *Mutex) Lock(key string) (unlock func()) {
	m.mu.Lock()
	e := m.held[key]
	if e == nil {
		e = new(entry)
		if m.held == nil {
			m.held = map[string]*entry{}
		}
		m.held[key] = e
	}
	e.users++
	m.mu.Unlock()
	e.Lock()
	return func() {
		e.Unlock()
		m.mu.Lock()
		defer m.mu.Unlock()
		if e.users--; e.users == 0 {
			delete(m.held, key)
		}
	}
}
