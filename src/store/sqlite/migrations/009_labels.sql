-- The version label is a matter of the document alone: another label makes no other chunks.

ALTER TABLE chunks DROP COLUMN version;
