-- How candidates go through their interviews.

-- +goose Up
ALTER TABLE attempts ADD COLUMN course TEXT NOT NULL DEFAULT '{}';
ALTER TABLE attempts ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
-- Derived from the course: the candidate has entered and has not ended.
ALTER TABLE attempts ADD COLUMN ongoing BOOLEAN NOT NULL DEFAULT FALSE;
-- Whoever adds to a log counts here first, which makes the others wait: two events must not follow the same one.
ALTER TABLE attempts ADD COLUMN log_length BIGINT NOT NULL DEFAULT 0;

CREATE INDEX attempts_ongoing ON attempts (ongoing);

CREATE TABLE events (
  attempt_id TEXT NOT NULL REFERENCES attempts (id),
  n          BIGINT NOT NULL,
  at         BIGINT NOT NULL,
  source     TEXT NOT NULL,
  kind       TEXT NOT NULL,
  data       TEXT NOT NULL,
  previous   BYTEA NOT NULL,
  report     TEXT, -- the identifier that a browser gave it
  wall       BIGINT,
  server     BIGINT,
  PRIMARY KEY (attempt_id, n)
);
CREATE UNIQUE INDEX events_report ON events (attempt_id, report);

-- One row per attempt: a candidate is signed in on one screen.
CREATE TABLE candidate_sessions (
  attempt_id TEXT PRIMARY KEY REFERENCES attempts (id),
  token_hash TEXT NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX candidate_sessions_expiry ON candidate_sessions (expires_at);

CREATE TABLE stills (
  attempt_id TEXT NOT NULL REFERENCES attempts (id),
  side       TEXT NOT NULL,
  object_key TEXT NOT NULL,
  size       BIGINT NOT NULL CHECK (size >= 0),
  sha256     TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (attempt_id, side)
);

CREATE TABLE phone_codes (
  attempt_id TEXT PRIMARY KEY REFERENCES attempts (id),
  code       TEXT NOT NULL UNIQUE,
  expires_at BIGINT NOT NULL
);
