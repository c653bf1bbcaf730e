package store_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/trivue/trivue/store"
)

func TestObjects(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		withAttempt(t, s)
		raw := store.Object{AttemptID: anAttempt.ID, Name: "raw/a", Key: "attempts/1/raw/a", Size: 5 << 40, SHA256: "ab", MIME: `video/webm; codecs="vp8, opus"`, CreatedAt: now.UTC()}
		timeline := store.Object{AttemptID: anAttempt.ID, Name: "timeline.json", Key: "attempts/1/rev1/timeline.json", Size: 0, SHA256: "cd", MIME: "application/json", CreatedAt: now.UTC()}
		require.NoError(t, s.PutObject(ctx, timeline))
		require.NoError(t, s.PutObject(ctx, raw))
		got, err := s.Object(ctx, anAttempt.ID, "raw/a")
		require.NoError(t, err)
		require.Equal(t, raw, got)

		timeline.Key, timeline.Size, timeline.SHA256, timeline.CreatedAt = "attempts/1/rev2/timeline.json", 7, "ef", now.Add(time.Hour).UTC()
		require.NoError(t, s.PutObject(ctx, timeline), "in place of the old one")
		all, err := s.Objects(ctx, anAttempt.ID)
		require.NoError(t, err)
		require.Equal(t, []store.Object{raw, timeline}, all)

		require.NoError(t, s.DeleteObject(ctx, anAttempt.ID, "raw/a"))
		require.NoError(t, s.DeleteObject(ctx, anAttempt.ID, "raw/a"))
		_, err = s.Object(ctx, anAttempt.ID, "raw/a")
		require.ErrorIs(t, err, store.ErrNotFound)
		raw.AttemptID = "none"
		require.ErrorIs(t, s.PutObject(ctx, raw), store.ErrNotFound)
		timeline.Size = -1
		require.ErrorIs(t, s.PutObject(ctx, timeline), store.ErrInvalid)
	})
}

func TestStaffAndSessions(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		n, err := s.StaffCount(ctx)
		require.NoError(t, err)
		require.Zero(t, n)
		member := store.Staff{ID: "staff-1", Name: "王老师", PasswordHash: "$argon2id$v=19$m=65536,t=1,p=2$abc$def", Role: "admin"}
		require.NoError(t, s.CreateStaff(ctx, member))
		require.ErrorIs(t, s.CreateStaff(ctx, store.Staff{ID: "staff-2", Name: member.Name}), store.ErrConflict)
		got, err := s.StaffByName(ctx, member.Name)
		require.NoError(t, err)
		require.Equal(t, member, got)
		_, err = s.StaffByName(ctx, "nobody")
		require.ErrorIs(t, err, store.ErrNotFound)
		n, err = s.StaffCount(ctx)
		require.NoError(t, err)
		require.Equal(t, 1, n)

		session := store.Session{TokenHash: "hash-1", StaffID: member.ID, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
		require.NoError(t, s.CreateSession(ctx, session))
		require.ErrorIs(t, s.CreateSession(ctx, session), store.ErrConflict)
		require.ErrorIs(t, s.CreateSession(ctx, store.Session{TokenHash: "hash-2", StaffID: "none", CreatedAt: now, ExpiresAt: now}), store.ErrNotFound)
		got, err = s.SessionStaff(ctx, "hash-1", now.Add(time.Hour-time.Microsecond))
		require.NoError(t, err)
		require.Equal(t, member, got)
		_, err = s.SessionStaff(ctx, "hash-1", now.Add(time.Hour))
		require.ErrorIs(t, err, store.ErrNotFound, "expired")
		_, err = s.SessionStaff(ctx, "hash-3", now)
		require.ErrorIs(t, err, store.ErrNotFound)
		require.NoError(t, s.DeleteSession(ctx, "hash-1"))
		require.NoError(t, s.DeleteSession(ctx, "hash-1"))
		_, err = s.SessionStaff(ctx, "hash-1", now)
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

func TestUploadTokens(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		withAttempt(t, s)
		token := store.UploadToken{TokenHash: "hash-1", AttemptID: anAttempt.ID, CreatedAt: now.UTC(), ExpiresAt: now.Add(time.Hour).UTC()}
		require.NoError(t, s.CreateUploadToken(ctx, token))
		got, err := s.UploadToken(ctx, "hash-1", now)
		require.NoError(t, err)
		require.Equal(t, token, got)
		_, err = s.UploadToken(ctx, "hash-1", now.Add(time.Hour))
		require.ErrorIs(t, err, store.ErrNotFound)
		require.ErrorIs(t, s.CreateUploadToken(ctx, store.UploadToken{TokenHash: "hash-2", AttemptID: "none", CreatedAt: now, ExpiresAt: now}), store.ErrNotFound)
	})
}

func TestDeleteExpired(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		withAttempt(t, s)
		require.NoError(t, s.CreateStaff(ctx, store.Staff{ID: "staff-1", Name: "a"}))
		for hash, expires := range map[string]time.Time{"old": now, "new": now.Add(time.Microsecond)} {
			require.NoError(t, s.CreateSession(ctx, store.Session{TokenHash: hash, StaffID: "staff-1", CreatedAt: now, ExpiresAt: expires}))
			require.NoError(t, s.CreateUploadToken(ctx, store.UploadToken{TokenHash: hash, AttemptID: anAttempt.ID, CreatedAt: now, ExpiresAt: expires}))
		}
		require.NoError(t, s.DeleteExpired(ctx, now))
		before := now.Add(-time.Hour) // at which neither had expired
		_, err := s.SessionStaff(ctx, "old", before)
		require.ErrorIs(t, err, store.ErrNotFound)
		_, err = s.UploadToken(ctx, "old", before)
		require.ErrorIs(t, err, store.ErrNotFound)
		_, err = s.SessionStaff(ctx, "new", before)
		require.NoError(t, err)
		_, err = s.UploadToken(ctx, "new", before)
		require.NoError(t, err)
	})
}

func TestUploadInfo(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		random := make([]byte, 4096)
		_, err := rand.Read(random)
		require.NoError(t, err)
		for _, info := range [][]byte{[]byte(`{"ID":"u"}`), random, {}, {0, '\'', '\\', 0xff}} {
			require.NoError(t, s.SaveUploadInfo(ctx, "u", info))
			got, err := s.UploadInfo(ctx, "u")
			require.NoError(t, err)
			require.Equal(t, info, got)
		}
		require.NoError(t, s.DeleteUploadInfo(ctx, "u"))
		require.NoError(t, s.DeleteUploadInfo(ctx, "u"))
		_, err = s.UploadInfo(ctx, "u")
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}
