package store_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

const aMIME = `video/webm; codecs="vp8, opus"`

func TestWhatAnUploadSaysFirstOfItsTakeStays(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		withAttempt(t, s)
		for _, say := range []struct{ mime, replaces string }{{aMIME, "t0"}, {"video/mp4", ""}} {
			require.NoError(t, s.BeginChain(ctx, anAttempt.ID, "t", say.mime, say.replaces))
			got, err := s.Chain(ctx, "t")
			require.NoError(t, err)
			require.Equal(t, store.Chain{TakeID: "t", AttemptID: anAttempt.ID, MIME: aMIME, Replaces: "t0"}, got, "a chain is never of another type than it was begun with")
		}
		all, err := s.Chains(ctx, anAttempt.ID)
		require.NoError(t, err)
		require.Len(t, all, 1)
		_, err = s.Chain(ctx, "none")
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

func TestATakeStaysWithItsAttempt(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		withAttempt(t, s)
		require.NoError(t, s.CreateAttempt(ctx, exam.Attempt{ID: "other", ExamID: anExam.ID, Ticket: "2", CreatedAt: now}))
		require.NoError(t, s.BeginChain(ctx, anAttempt.ID, "t", aMIME, ""))
		require.ErrorIs(t, s.BeginChain(ctx, "other", "t", aMIME, ""), store.ErrConflict)
		require.ErrorIs(t, s.BeginChain(ctx, "none", "u", aMIME, ""), store.ErrNotFound)
		require.ErrorIs(t, s.BeginChain(ctx, anAttempt.ID, "", aMIME, ""), store.ErrInvalid)
		got, err := s.Chain(ctx, "t")
		require.NoError(t, err)
		require.Equal(t, store.Chain{TakeID: "t", AttemptID: anAttempt.ID, MIME: aMIME}, got)
	})
}

func TestAChainGoesForwardUntilItsReceipt(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		withAttempt(t, s)
		require.NoError(t, s.BeginChain(ctx, anAttempt.ID, "t", aMIME, ""))
		half := store.ChainProgress{Records: 3, Bytes: 5 << 32, Link: strings.Repeat("ab", 32), Ms: 1<<32 - 1}
		require.NoError(t, s.AdvanceChain(ctx, "t", 0, half))
		require.ErrorIs(t, s.AdvanceChain(ctx, "t", 0, half), store.ErrConflict, "somebody else was faster")
		_, err := s.SaveReceipt(ctx, "t", "note", now)
		require.ErrorIs(t, err, store.ErrState, "it is not whole")
		whole := store.ChainProgress{Records: 4, Bytes: 5 << 32, Link: strings.Repeat("cd", 32), Ms: 1<<32 - 1, Whole: true}
		require.NoError(t, s.AdvanceChain(ctx, "t", 3, whole))

		require.NoError(t, s.DamageChain(ctx, "t", store.ChainDamage{Record: 2, Offset: 1 << 40}))
		_, err = s.SaveReceipt(ctx, "t", "note", now)
		require.ErrorIs(t, err, store.ErrState, "nothing damaged is signed")
		got, err := s.Chain(ctx, "t")
		require.NoError(t, err)
		require.Equal(t, whole, got.Progress)
		require.Equal(t, &store.ChainDamage{Record: 2, Offset: 1 << 40}, got.Damage)

		require.NoError(t, s.ResetChain(ctx, "t"))
		got, err = s.Chain(ctx, "t")
		require.NoError(t, err)
		require.Equal(t, store.Chain{TakeID: "t", AttemptID: anAttempt.ID, MIME: aMIME}, got)

		require.NoError(t, s.AdvanceChain(ctx, "t", 0, whole))
		kept, err := s.SaveReceipt(ctx, "t", "trivue receipt 1\n…\n\n— trivue x\n", now)
		require.NoError(t, err)
		require.Equal(t, "trivue receipt 1\n…\n\n— trivue x\n", kept)
		again, err := s.SaveReceipt(ctx, "t", "another", now.Add(time.Hour))
		require.NoError(t, err)
		require.Equal(t, kept, again, "the first counts")
		require.ErrorIs(t, s.ResetChain(ctx, "t"), store.ErrState)
		require.ErrorIs(t, s.AdvanceChain(ctx, "t", 4, half), store.ErrState)
		require.ErrorIs(t, s.DamageChain(ctx, "t", store.ChainDamage{}), store.ErrState)
		got, err = s.Chain(ctx, "t")
		require.NoError(t, err)
		require.Equal(t, store.Chain{TakeID: "t", AttemptID: anAttempt.ID, MIME: aMIME, Progress: whole, Receipt: kept, ReceiptAt: now.UTC()}, got)

		for _, err := range []error{s.ResetChain(ctx, "none"), s.AdvanceChain(ctx, "none", 0, half), s.DamageChain(ctx, "a\x00", store.ChainDamage{})} {
			require.ErrorIs(t, err, store.ErrNotFound)
		}
		_, err = s.SaveReceipt(ctx, "none", "note", now)
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

func TestManyChainsAdvanceAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		withAttempt(t, s)
		advances := []store.ChainAdvance{{TakeID: "none", To: store.ChainProgress{Records: 1}}, {TakeID: "a\x00", To: store.ChainProgress{Records: 1}}}
		for n := range 450 {
			id := fmt.Sprintf("t%03d", n)
			require.NoError(t, s.BeginChain(ctx, anAttempt.ID, id, aMIME, ""))
			advances = append(advances, store.ChainAdvance{TakeID: id, To: store.ChainProgress{Records: 2, Bytes: 5 << 32, Link: strings.Repeat("ab", 32), Ms: 4000}})
		}
		advances[2].From = 1 // others are there now
		require.NoError(t, s.AdvanceChain(ctx, "t001", 0, store.ChainProgress{Records: 2, Bytes: 1, Whole: true}))
		advances[3].From = 2
		advances[3].To.Records = 3
		_, err := s.SaveReceipt(ctx, "t001", "note", now)
		require.NoError(t, err)

		advanced, err := s.AdvanceChains(ctx, advances)
		require.NoError(t, err)
		require.Len(t, advanced, 448)
		for _, id := range []string{"none", "t000", "t001"} {
			require.NotContains(t, advanced, id)
		}
		got, err := s.Chain(ctx, "t449")
		require.NoError(t, err)
		require.Equal(t, advances[len(advances)-1].To, got.Progress)
		advanced, err = s.AdvanceChains(ctx, nil)
		require.NoError(t, err)
		require.Empty(t, advanced)
	})
}

func TestOneOfManyAdvancesAChain(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		withAttempt(t, s)
		require.NoError(t, s.BeginChain(ctx, anAttempt.ID, "t", aMIME, ""))
		var won atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if err := s.AdvanceChain(ctx, "t", 0, store.ChainProgress{Records: 1}); err == nil {
					won.Add(1)
				} else {
					assert.ErrorIs(t, err, store.ErrConflict)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 1, won.Load())
	})
}
