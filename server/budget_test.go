package server

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAnAddressHasABudget(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	b := newBudgets(10, 100, func() time.Time { return now })
	assert.Zero(t, b.take("a", 60))
	assert.Zero(t, b.take("a", 40))
	assert.Equal(t, 2*time.Second, b.take("a", 20))
	assert.Equal(t, 2*time.Second, b.take("a", 20), "what was refused is not used")
	assert.Zero(t, b.take("b", 100), "others have their own")
	now = now.Add(2 * time.Second)
	assert.Zero(t, b.take("a", 20))
	assert.Equal(t, time.Minute, b.take("a", 101), "what is never possible")

	b.most = 3
	for n := range 10 {
		assert.Zero(t, b.take(fmt.Sprint(n), 100))
	}
	assert.LessOrEqual(t, len(b.of), 3)
}
