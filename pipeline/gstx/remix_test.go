package gstx

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestRemix: a damaged packet of AAC may claim another number of channels than the recording has.
func TestRemix(t *testing.T) {
	assert.Equal(t, []float32{1, 1, -0.5, -0.5}, remix([]float32{1, -0.5}, 1, 2))
	assert.Equal(t, []float32{0.25, -1}, remix([]float32{0.5, 0, -1, -1}, 2, 1))
	assert.Equal(t, []float32{1, 2}, remix([]float32{1, 2}, 2, 2))
	assert.Empty(t, remix(nil, 1, 2))
}
