-- Phones that film from the side.

-- +goose Up
-- Several per attempt: one that was replaced may still send what it has.
CREATE TABLE phone_sessions (
  token_hash  TEXT PRIMARY KEY,
  attempt_id  TEXT NOT NULL REFERENCES attempts (id),
  binding     BIGINT NOT NULL, -- the how manyth of the attempt
  created_at  BIGINT NOT NULL,
  expires_at  BIGINT NOT NULL,
  replaced_at BIGINT
);
CREATE INDEX phone_sessions_attempt ON phone_sessions (attempt_id);
CREATE INDEX phone_sessions_expiry ON phone_sessions (expires_at);

-- What the phone that films has last said of itself.
CREATE TABLE phone_status (
  attempt_id TEXT PRIMARY KEY REFERENCES attempts (id),
  status     TEXT NOT NULL, -- JSON
  heard_at   BIGINT NOT NULL
);
