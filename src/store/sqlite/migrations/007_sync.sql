-- Folders that a DB mirrors, and what is known of their files. A file that waits to be read, or is to be tried again, is a row
-- that says so: the queue survives a restart.

CREATE TABLE mirrors (
    id          INTEGER PRIMARY KEY,
    root        TEXT NOT NULL UNIQUE,
    identity    TEXT,            -- which folder stood there, whatever its name; NULL where the system has no such number
    shape       TEXT NOT NULL,   -- how its documents were read and cut
    compared_at INTEGER          -- Unix milliseconds of the last whole comparison
) STRICT;

CREATE TABLE mirror_files (
    mirror_id INTEGER NOT NULL REFERENCES mirrors (id),
    source    TEXT    NOT NULL,
    size      INTEGER,           -- of the state that was read last; NULL: read it again
    modified  INTEGER,           -- nanoseconds since 1970
    content   TEXT,              -- hash of the bytes that its document was made from; NULL: it has none
    stage     TEXT    NOT NULL,  -- queued, failed or done
    attempts  INTEGER NOT NULL,
    next_try  INTEGER,           -- Unix milliseconds; NULL: not by itself
    error     TEXT,
    since     INTEGER NOT NULL,  -- Unix milliseconds
    version   TEXT,              -- the label that it was given
    metadata  TEXT,              -- JSON object that it was given
    PRIMARY KEY (mirror_id, source)
) STRICT, WITHOUT ROWID;
