-- A DB keeps what was read of a document, not only the pieces that were cut from it. Documents that were stored before have
-- no row in `texts` until they are read again.

ALTER TABLE documents ADD COLUMN key TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN language TEXT NOT NULL DEFAULT 'und';
ALTER TABLE documents ADD COLUMN modified_at TEXT;

UPDATE documents SET key = lower(hex(randomblob(10)));

CREATE UNIQUE INDEX documents_by_key ON documents (key);

CREATE TABLE texts (
    document_id INTEGER PRIMARY KEY REFERENCES documents (id),
    text        BLOB NOT NULL, -- UTF-8, LZ4 block behind its length
    outline     TEXT NOT NULL, -- JSON
    pages       TEXT NOT NULL, -- JSON
    quality     TEXT NOT NULL  -- JSON
) STRICT;

-- Where chunks are. A chunk that only moved is the same row of `chunks`, whose vector need not be written again.
CREATE TABLE places (
    chunk_id INTEGER PRIMARY KEY,
    ordinal  INTEGER NOT NULL,
    place    TEXT -- JSON; NULL: its document was stored before places were known
) STRICT;

INSERT INTO places (chunk_id, ordinal) SELECT id, ordinal FROM chunks;
ALTER TABLE chunks DROP COLUMN ordinal;
