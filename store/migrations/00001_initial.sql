-- One text for SQLite and PostgreSQL. Times are microseconds since 1970-01-01 UTC; no time is NULL. BYTEA is a blob on SQLite too:
-- a column's type is only a preference there, and blobs are never converted.

-- +goose Up
CREATE TABLE exams (
  id         TEXT PRIMARY KEY,
  title      TEXT NOT NULL,
  starts_at  BIGINT,
  created_at BIGINT NOT NULL
);

CREATE TABLE attempts (
  id         TEXT PRIMARY KEY,
  exam_id    TEXT NOT NULL REFERENCES exams (id),
  ticket     TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  revision   BIGINT NOT NULL DEFAULT 0,
  UNIQUE (exam_id, ticket)
);

CREATE TABLE takes (
  id          TEXT PRIMARY KEY,
  attempt_id  TEXT NOT NULL REFERENCES attempts (id),
  kind        TEXT NOT NULL CHECK (kind IN ('camera', 'screen', 'phone')),
  name        TEXT NOT NULL,
  upload_id   TEXT,
  size        BIGINT NOT NULL CHECK (size >= -1),
  received    BIGINT NOT NULL CHECK (received >= 0),
  sha256      TEXT NOT NULL DEFAULT '',
  started_at  BIGINT,
  state       TEXT NOT NULL CHECK (state IN ('uploading', 'received', 'replaced', 'discarded')),
  created_at  BIGINT NOT NULL,
  received_at BIGINT
);
CREATE UNIQUE INDEX takes_upload ON takes (upload_id);
CREATE INDEX takes_attempt ON takes (attempt_id);
CREATE INDEX takes_state ON takes (state);

-- take_id is empty for a stage of the whole attempt, so it cannot reference takes.
CREATE TABLE stages (
  attempt_id  TEXT NOT NULL REFERENCES attempts (id),
  take_id     TEXT NOT NULL,
  name        TEXT NOT NULL,
  revision    BIGINT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('pending', 'running', 'done', 'failed')),
  progress    DOUBLE PRECISION NOT NULL DEFAULT 0,
  problem     TEXT,
  result      TEXT,
  tries       BIGINT NOT NULL DEFAULT 0,
  owner       TEXT NOT NULL DEFAULT '',
  lease_until BIGINT,
  started_at  BIGINT,
  finished_at BIGINT,
  PRIMARY KEY (attempt_id, take_id, name)
);
CREATE INDEX stages_state ON stages (state);

CREATE TABLE objects (
  attempt_id TEXT NOT NULL REFERENCES attempts (id),
  name       TEXT NOT NULL,
  object_key TEXT NOT NULL,
  size       BIGINT NOT NULL CHECK (size >= 0),
  sha256     TEXT NOT NULL,
  mime       TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (attempt_id, name)
);

CREATE TABLE staff (
  id            TEXT PRIMARY KEY,
  name          TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  role          TEXT NOT NULL
);

CREATE TABLE sessions (
  token_hash TEXT PRIMARY KEY,
  staff_id   TEXT NOT NULL REFERENCES staff (id),
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE upload_tokens (
  token_hash TEXT PRIMARY KEY,
  attempt_id TEXT NOT NULL REFERENCES attempts (id),
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX upload_tokens_expiry ON upload_tokens (expires_at);

CREATE TABLE upload_infos (
  upload_id TEXT PRIMARY KEY,
  info      BYTEA NOT NULL
);
