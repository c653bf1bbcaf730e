-- What is known of a take besides its file: how far its chain was found right, the receipt. A row is made
-- before its take, so that no take is without what its chain is made with; so it refers to the attempt only.

-- +goose Up
CREATE TABLE chains (
  take_id        TEXT PRIMARY KEY,
  attempt_id     TEXT NOT NULL REFERENCES attempts (id),
  mime           TEXT NOT NULL DEFAULT '',
  replaces       TEXT NOT NULL DEFAULT '',
  records        BIGINT NOT NULL DEFAULT 0 CHECK (records >= 0),
  bytes          BIGINT NOT NULL DEFAULT 0 CHECK (bytes >= 0),
  link           TEXT NOT NULL DEFAULT '',
  ms             BIGINT NOT NULL DEFAULT 0,
  whole          BOOLEAN NOT NULL DEFAULT FALSE,
  damaged_record BIGINT,
  damaged_offset BIGINT,
  receipt        TEXT NOT NULL DEFAULT '',
  receipt_at     BIGINT
);
CREATE INDEX chains_attempt ON chains (attempt_id);
