package webm_test

import (
	"bytes"
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
