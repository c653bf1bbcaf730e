package keyed

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOneAtATimeForEachKey(t *testing.T) {
	var m Mutex
	counts := map[string]*int{"a": new(int), "b": new(int)}
	var all sync.WaitGroup
	for range 50 {
		for key, count := range counts {
			all.Go(func() {
				defer m.Lock(key)()
				*count++ // the race detector sees who does this without the lock
			})
		}
	}
	all.Wait()
	assert.Equal(t, 50, *counts["a"])
	assert.Equal(t, 50, *counts["b"])
	assert.Empty(t, m.held, "nothing stays behind")

	release := m.Lock("a")
	m.Lock("b")() // another key is not held up
	release()
}
