-- Documents that are in the file of another one, as attachments are in a mail.

ALTER TABLE documents ADD COLUMN part_of TEXT; -- source of that other one

CREATE INDEX documents_by_part ON documents (part_of) WHERE part_of IS NOT NULL;
