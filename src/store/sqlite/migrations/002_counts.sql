-- A DB counts its documents and chunks as it changes: counting rows takes longer the more there are.

INSERT INTO settings (key, value) SELECT 'documents', count(*) FROM documents;
INSERT INTO settings (key, value) SELECT 'chunks', count(*) FROM chunks;
