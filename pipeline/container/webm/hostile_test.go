package webm_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container/webm"
)

// TestALaceThatClaimsMoreThanItHolds is a block whose first frame claims 2^56 bytes: the sum of such claims wraps around.
func TestALaceThatClaimsMoreThanItHolds(t *testing.T) {
	whole := generated(t, webm.Options{Live: true})
	packets, _ := readAll(t, whole)
	at := packets[40].Offset
	for _, claim := range [][]byte{
		{0x86, 3, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe},
		{0x86, 255, 0xff},
		{0x82, 255, 255, 255, 255},
		{0x84, 7},
	} {
		hostile := replaced(whole, at-1, claim)
		left, r := readAll(t, hostile)
		assert.NotEmpty(t, left)
		total := 0
		for _, p := range left {
			total += p.Size
		}
		assert.LessOrEqual(t, total, len(hostile))
		assert.NotEmpty(t, r.Damage())
	}
}

func TestAClusterWithADamagedTimeStampIsSteppedOver(t *testing.T) {
	whole := generated(t, webm.Options{})
	packets, _ := readAll(t, whole)
	clusters := bytes.Split(whole, []byte{0x1f, 0x43, 0xb6, 0x75})
	at := len(whole) - len(bytes.Join(clusters[4:], []byte{0x1f, 0x43, 0xb6, 0x75})) + bytes.IndexByte(clusters[4], 0xe7)
	require.Equal(t, byte(0x82), whole[at+1], "the time stamp has two bytes")
	left, r := readAll(t, replaced(whole, int64(at+2), []byte{0xff, 0xff}))
	assert.Greater(t, len(left), len(packets)*8/10, "only that cluster is lost")
	require.Len(t, r.Damage(), 1)
	assert.Less(t, r.Damage()[0].To-r.Damage()[0].From, 2*time.Second)
	assertUnchanged(t, packets, left)
}

// TestUnknownElementsInAClusterAreSteppedOver: muxers put elements of their own between blocks, and later versions of the format add some.
func TestUnknownElementsInAClusterAreSteppedOver(t *testing.T) {
	for name, opts := range map[string]webm.Options{"sized": {}, "live": {Live: true}} {
		whole := generated(t, opts)
		packets, _ := readAll(t, whole)
		// The element takes the place of a whole block, so that no cluster's size changes.
		picture := packets[slices.IndexFunc(packets, func(p packet) bool { return p.Track == 1 && p.PTS > 5*time.Second })]
		block := int(picture.Offset) - 7
		require.Equal(t, []byte{0xa3, 0x41, 0x30}, whole[block:block+3], "a SimpleBlock of 304 bytes")
		const size = 304
		for kind, id := range map[string][]byte{"of one byte": {0xf7}, "of two": {0x75, 0xa3}, "of four": {0x1a, 0x45, 0xdf, 0xa4}} {
			t.Run(name+" "+kind, func(t *testing.T) {
				length := 3 + size
				unknown := append(append([]byte{}, id...), 0x40|byte((length-len(id)-2)>>8), byte(length-len(id)-2))
				left, r := readAll(t, replaced(whole, int64(block), unknown))
				assert.Len(t, left, len(packets)-1, "only the block that stood there is not given")
				assert.Empty(t, r.Damage())
			})
		}
	}
}
