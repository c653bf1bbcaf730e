package server

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAListIsMadeOnceForAllWhoLook(t *testing.T) {
	var made atomic.Int64
	b := &boards{hub: NewHub(), every: time.Microsecond, beatEvery: time.Hour, log: slog.New(slog.DiscardHandler), make: func(context.Context, string) (candidateList, error) {
		n := made.Add(1)
		if n == 2 {
			return candidateList{}, errors.New("the database is away")
		}
		return candidateList{ServerTime: n}, nil
	}}
	first, leaveFirst := b.join("x")
	second, leaveSecond := b.join("x")
	b.hub.AttemptChanged("a")
	assert.EqualValues(t, 1, (<-first).ServerTime)
	assert.EqualValues(t, 1, (<-second).ServerTime)

	// One that cannot be made is left out, and what comes after it is told; who was slow hears the latest.
	for made.Load() < 4 {
		b.hub.AttemptChanged("a")
	}
	for n := int64(0); n < 4; {
		n = (<-second).ServerTime
	}
	leaveSecond()
	for n := int64(0); n < 4; {
		n = (<-first).ServerTime
	}
	leaveFirst()
	require.Empty(t, b.all)
	third, leaveThird := b.join("x")
	defer leaveThird()
	b.hub.AttemptChanged("a")
	assert.Greater(t, (<-third).ServerTime, int64(3))
}

func TestACandidateIsNotToldThatAnUploadGrew(t *testing.T) {
	hub := NewHub()
	candidate, stop := hub.watch(courseOf("a"))
	defer stop()
	staff, stop := hub.watch("a")
	defer stop()
	hub.AttemptChanged("a")
	assert.Len(t, staff, 1)
	assert.Empty(t, candidate)
	<-staff
	Courses{hub}.AttemptChanged("a")
	assert.Len(t, staff, 1)
	assert.Len(t, candidate, 1)
}
