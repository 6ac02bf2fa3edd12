-- Chunks and vectors belong to a generation: what they were made by, that is the reader, the sizes of chunks and the embedder.
-- Documents and their texts are kept once. What there was before is the first generation.

CREATE TABLE generations (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    identity      TEXT    NOT NULL, -- names its history to the indexes that follow it
    state         TEXT    NOT NULL, -- building, serving, kept, dropped
    embedder      TEXT,             -- NULL: nothing was embedded yet
    dimension     INTEGER,
    chunk_size    INTEGER,          -- NULL: not known
    chunk_overlap INTEGER,
    revision      INTEGER NOT NULL, -- number of committed changes
    chunks        INTEGER NOT NULL,
    created_at    TEXT    NOT NULL,
    served_at     TEXT              -- when it began to serve, the last time
) STRICT;

CREATE UNIQUE INDEX one_generation_serves ON generations (state) WHERE state = 'serving';
CREATE UNIQUE INDEX one_generation_is_built ON generations (state) WHERE state = 'building';

INSERT INTO generations (id, identity, state, embedder, dimension, revision, chunks, created_at)
SELECT 1,
       coalesce((SELECT value FROM settings WHERE key = 'identity'), lower(hex(randomblob(16)))),
       'serving',
       (SELECT value FROM settings WHERE key = 'embedder'),
       (SELECT CAST(value AS INTEGER) FROM settings WHERE key = 'dimension'),
       coalesce((SELECT CAST(value AS INTEGER) FROM settings WHERE key = 'revision'), 0),
       (SELECT count(*) FROM chunks),
       strftime('%Y-%m-%dT%H:%M:%SZ', 'now');

DELETE FROM settings WHERE key IN ('embedder', 'dimension', 'revision', 'chunks');

ALTER TABLE chunks ADD COLUMN generation INTEGER NOT NULL DEFAULT 1;
DROP INDEX chunks_by_document;
CREATE UNIQUE INDEX chunks_by_document ON chunks (document_id, generation, key);
DROP INDEX chunks_by_revision;
CREATE INDEX chunks_by_revision ON chunks (generation, revision);

ALTER TABLE removed_chunks ADD COLUMN generation INTEGER NOT NULL DEFAULT 1;
DROP INDEX removed_by_revision;
CREATE INDEX removed_by_revision ON removed_chunks (generation, revision);

-- How often the document was written.
ALTER TABLE documents ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;

-- Which version of reading made its text; NULL: one that did not say.
ALTER TABLE documents ADD COLUMN read_by INTEGER;

-- From which state of a document, and how, its chunks of a generation were made.
CREATE TABLE generation_documents (
    generation    INTEGER NOT NULL,
    document_id   INTEGER NOT NULL,
    changed       INTEGER NOT NULL, -- that of the document
    pipeline      INTEGER,          -- version of cutting; NULL: one that did not say
    chunk_size    INTEGER,
    chunk_overlap INTEGER,
    embedder      TEXT    NOT NULL,
    PRIMARY KEY (generation, document_id)
) STRICT, WITHOUT ROWID;

INSERT INTO generation_documents (generation, document_id, changed, embedder)
SELECT 1, id, 0, coalesce((SELECT embedder FROM generations), '') FROM documents;
