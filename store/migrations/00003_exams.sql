-- What an exam is made of. Lengths of time are microseconds, as times are.

-- +goose Up
ALTER TABLE exams ADD COLUMN rehearsal BOOLEAN NOT NULL DEFAULT FALSE;
-- JSON of exam.Policy; empty for exams from before there was one.
ALTER TABLE exams ADD COLUMN policy TEXT NOT NULL DEFAULT '';
ALTER TABLE exams ADD COLUMN pledge TEXT NOT NULL DEFAULT '';
ALTER TABLE exams ADD COLUMN pledge_sha256 TEXT NOT NULL DEFAULT '';

CREATE TABLE candidates (
  exam_id TEXT NOT NULL REFERENCES exams (id),
  ticket  TEXT NOT NULL,
  name    TEXT NOT NULL,
  id_tail TEXT NOT NULL,
  photo   TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (exam_id, ticket)
);

CREATE TABLE questions (
  exam_id  TEXT NOT NULL REFERENCES exams (id),
  id       TEXT NOT NULL,
  position BIGINT NOT NULL,
  prepare  BIGINT NOT NULL CHECK (prepare >= 0),
  answer   BIGINT NOT NULL CHECK (answer > 0),
  text     TEXT NOT NULL,
  PRIMARY KEY (exam_id, id)
);

CREATE TABLE attachments (
  exam_id    TEXT NOT NULL REFERENCES exams (id),
  id         TEXT NOT NULL,
  position   BIGINT NOT NULL,
  title      TEXT NOT NULL,
  mime       TEXT NOT NULL,
  size       BIGINT NOT NULL CHECK (size >= 0),
  sha256     TEXT NOT NULL,
  object_key TEXT NOT NULL,
  PRIMARY KEY (exam_id, id)
);
