-- What is known of a document by name and value, and when it last changed: an index of that follows the documents, whose
-- metadata changes when no chunk does.

ALTER TABLE documents ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}'; -- JSON: what holds
ALTER TABLE documents ADD COLUMN metadata_layers TEXT NOT NULL DEFAULT '{}'; -- JSON: where it comes from
ALTER TABLE documents ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;

-- The first change of any history: an index of documents begins before it.
UPDATE documents SET revision = 1;

CREATE INDEX documents_by_revision ON documents (revision);

-- Documents that are gone, so that an index that knew them can forget them. An id may be given again, and go again.
CREATE TABLE removed_documents (
    document_id INTEGER PRIMARY KEY,
    revision    INTEGER NOT NULL
) STRICT;

CREATE INDEX removed_documents_by_revision ON removed_documents (revision);
