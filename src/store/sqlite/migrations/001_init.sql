-- One DB. Chunks are immutable rows: a changed chunk is deleted and inserted anew, so ids only grow and
-- "what is new since revision r" is an index range.

CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE documents (
    id          INTEGER PRIMARY KEY,
    source      TEXT    NOT NULL UNIQUE,
    fingerprint TEXT    NOT NULL,
    version     TEXT    NOT NULL,
    title       TEXT,
    format      TEXT    NOT NULL,
    bytes       INTEGER NOT NULL,
    ingested_at TEXT    NOT NULL
) STRICT;

CREATE TABLE chunks (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES documents (id),
    key         TEXT    NOT NULL,
    ordinal     INTEGER NOT NULL,
    language    TEXT    NOT NULL,
    version     TEXT    NOT NULL,
    text        TEXT    NOT NULL,
    vector      BLOB    NOT NULL, -- f32, little endian
    revision    INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX chunks_by_document ON chunks (document_id, key);
CREATE INDEX chunks_by_revision ON chunks (revision);

-- Chunks that are gone, so that an index that knew them can forget them.
CREATE TABLE removed_chunks (
    chunk_id INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL
) STRICT;

CREATE INDEX removed_by_revision ON removed_chunks (revision);
